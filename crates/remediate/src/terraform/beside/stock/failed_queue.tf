resource "aws_sqs_queue" "{{name}}" {
  name_prefix               = "failed-"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}
