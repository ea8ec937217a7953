resource "aws_iam_role_policy" "{{name}}" {
  role = {{flow_role}}.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
        Resource = "${{{flow_logs}}.arn}:*"
      },
    ]
  })
}
