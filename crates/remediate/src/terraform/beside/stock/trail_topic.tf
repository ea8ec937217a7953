resource "aws_sns_topic" "{{name}}" {
  name_prefix       = "trail-"
  kms_master_key_id = {{trail_key}}.arn
}
