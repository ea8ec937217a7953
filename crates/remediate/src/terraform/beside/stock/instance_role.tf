resource "aws_iam_role" "{{name}}" {
  name_prefix = "instance-"
  description = "What {{resource}} may do; nothing until a policy is attached"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { Service = "ec2.amazonaws.com" }
        Action    = "sts:AssumeRole"
      },
    ]
  })
}
