resource "aws_kms_key" "orders" {
  description             = "Orders at rest"
  deletion_window_in_days = 30
}

resource "aws_sns_topic" "orders_events" {
  name = "orders-events"
}

resource "aws_ecr_repository" "checkout" {
  name = "shop/checkout"
}

resource "aws_cloudtrail" "main" {
  name           = "acme-trail"
  s3_bucket_name = "acme-audit"
}
