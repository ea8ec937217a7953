resource "aws_cloudwatch_log_group" "{{name}}" {
  name_prefix       = "/aws/msk/"
  retention_in_days = 365
  kms_key_id        = {{logs_key}}.arn
}
