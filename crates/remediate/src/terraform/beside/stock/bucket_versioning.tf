resource "aws_s3_bucket_versioning" "{{name}}" {
  bucket = {{self}}.id

  versioning_configuration {
    status = "Enabled"
  }
}
