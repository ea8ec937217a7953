resource "aws_backup_vault" "{{name}}" {
  name        = "{{name}}"
  kms_key_arn = {{kms_key}}.arn
}
