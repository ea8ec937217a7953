{'config': 'resource "aws_api_gateway_method_settings" "x" {\n  settings {\n    cache_data_encrypted = false\n  }\n}\n'}
{'config': 'resource "aws_api_gateway_domain_name" "x" {\n  security_policy = "TLS_1_0"\n}\n'}
{'config': 'resource "aws_api_gateway_method" "x" {\n  http_method = "GET"\n  authorization = "NONE"\n}\n'}
{'config': 'resource "aws_api_gateway_stage" "x" {\n  xray_tracing_enabled = false\n}\n'}
{'config': 'resource "aws_athena_workgroup" "x" {\n  name = "a"\n}\n'}
{'config': 'resource "aws_athena_workgroup" "x" {\n  configuration {\n    publish_cloudwatch_metrics_enabled = false\n  }\n}\n'}
{'config': 'resource "aws_athena_workgroup" "x" {\n  configuration {\n    enforce_workgroup_configuration = false\n  }\n}\n'}
{'config': 'resource "aws_launch_configuration" "x" {\n  associate_public_ip_address = true\n}\n'}
{'config': 'resource "aws_cloudfront_distribution" "x" {\n  comment = "a"\n}\n'}
{'config': 'resource "aws_cloudfront_distribution" "x" {\n  default_cache_behavior {\n    viewer_protocol_policy = "https-only"\n  }\n}\n'}
{'config': 'resource "aws_cloudfront_distribution" "x" {\n  default_cache_behavior {\n    viewer_protocol_policy = "allow-all"\n  }\n}\n'}
{'config': 'resource "aws_cloudtrail" "x" {\n  enable_log_file_validation = false\n}\n'}
