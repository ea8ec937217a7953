resource "aws_iam_role_policy" "{{name}}" {
  name_prefix = "failed-events-"
  role        = {{of.role.name}}

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = "sqs:SendMessage"
        Resource = {{failed_queue}}.arn
      },
    ]
  })
}
