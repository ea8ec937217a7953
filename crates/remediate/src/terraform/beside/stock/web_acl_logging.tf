resource "aws_wafv2_web_acl_logging_configuration" "{{name}}" {
  resource_arn            = {{web_acl}}.arn
  log_destination_configs = [{{web_acl_logs}}.arn]
}
