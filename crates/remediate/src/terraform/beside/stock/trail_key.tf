resource "aws_kms_key" "{{name}}" {
  description             = "Encrypts what CloudTrail writes"
  deletion_window_in_days = 30
  enable_key_rotation     = true

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AccountDecides"
        Effect    = "Allow"
        Principal = { AWS = {{account}}.account_id }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "TrailEncrypts"
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = ["kms:GenerateDataKey*", "kms:Decrypt", "kms:DescribeKey"]
        Resource  = "*"
        Condition = {
          StringEquals = { "aws:SourceAccount" = {{account}}.account_id }
        }
      },
    ]
  })
}
