resource "aws_kms_key" "{{name}}" {
  description             = "Encrypts {{name}}"
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
