{'config': 'resource "aws_s3_bucket" "x" {\n  acl = "public-read"\n}\n'}
{'config': 'resource "aws_s3_bucket_acl" "x" {\n  acl = "public-read"\n}\n'}
