resource "aws_backup_vault" "{{name}}" {
  name        = "daily-{{name}}"
  kms_key_arn = {{kms_key}}.arn
}
