data "aws_caller_identity" "{{name}}" {}
