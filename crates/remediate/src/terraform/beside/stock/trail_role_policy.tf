resource "aws_iam_role_policy" "{{name}}" {
  role = {{trail_role}}.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${{{trail_logs}}.arn}:*"
      },
    ]
  })
}
