resource "aws_sns_topic_policy" "{{name}}" {
  arn = {{trail_topic}}.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "TrailPublishes"
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = {{trail_topic}}.arn
        Condition = {
          StringEquals = { "aws:SourceAccount" = {{account}}.account_id }
        }
      },
    ]
  })
}
