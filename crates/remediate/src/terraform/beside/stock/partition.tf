data "aws_partition" "{{name}}" {}
