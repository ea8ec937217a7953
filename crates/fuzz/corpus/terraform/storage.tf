# Invoices that customers download.
resource "aws_s3_bucket" "invoices" {
  bucket = "acme-shop-invoices"

  tags = {
    team                = "payments"
    env                 = "prod"
    data-classification = "confidential"
  }
}

# Read through the content network since 2024; the list was never taken back.
resource "aws_s3_bucket_acl" "invoices" {
  bucket = aws_s3_bucket.invoices.id
  acl    = "public-read"
}

resource "aws_s3_bucket" "exports" {
  bucket = "acme-shop-exports"
}
