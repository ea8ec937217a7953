resource "aws_api_gateway_client_certificate" "{{name}}" {
  description = "Shows backends that {{resource}} calls them"
}
