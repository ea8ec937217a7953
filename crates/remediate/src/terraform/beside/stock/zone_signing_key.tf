resource "aws_route53_key_signing_key" "{{name}}" {
  {{repeat}}
  hosted_zone_id             = {{alike}}.zone_id
  key_management_service_arn = "{{setting.aws.dnssec_key}}"
  name                       = "signing"
}
