data "aws_cloudfront_response_headers_policy" "{{name}}" {
  name = "Managed-SecurityHeadersPolicy"
}
