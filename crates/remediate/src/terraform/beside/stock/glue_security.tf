resource "aws_glue_security_configuration" "{{name}}" {
  name = "encrypted-{{name}}"

  encryption_configuration {
    cloudwatch_encryption {
      cloudwatch_encryption_mode = "SSE-KMS"
      kms_key_arn                = {{logs_key}}.arn
    }

    job_bookmarks_encryption {
      job_bookmarks_encryption_mode = "CSE-KMS"
      kms_key_arn                   = {{logs_key}}.arn
    }

    s3_encryption {
      s3_encryption_mode = "SSE-KMS"
      kms_key_arn        = {{logs_key}}.arn
    }
  }
}
