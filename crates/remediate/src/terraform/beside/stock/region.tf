data "aws_region" "{{name}}" {}
