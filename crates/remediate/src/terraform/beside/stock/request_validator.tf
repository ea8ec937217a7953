resource "aws_api_gateway_request_validator" "{{name}}" {
  name                        = "all-{{name}}"
  rest_api_id                 = {{own.rest_api_id}}
  validate_request_body       = true
  validate_request_parameters = true
}
