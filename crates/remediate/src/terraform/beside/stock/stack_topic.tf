resource "aws_sns_topic" "{{name}}" {
  name_prefix       = "stack-"
  kms_master_key_id = "alias/aws/sns"
}
