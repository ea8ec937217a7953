{'config': 'resource "aws_security_group" "x" {\n  ingress {\n    from_port   = 0\n    to_port     = 0\n    protocol    = "-1"\n    cidr_blocks = ["0.0.0.0/0"]\n  }\n}\n'}
{'config': 'resource "aws_security_group" "x" {\n  ingress {\n    from_port   = 7199\n    to_port     = 7199\n    protocol    = "tcp"\n    cidr_blocks = ["0.0.0.0/0"]\n  }\n}\n'}
{'config': 'resource "aws_security_group_rule" "x" {\n  type        = "ingress"\n  from_port   = 7199\n  to_port     = 7199\n  protocol    = "tcp"\n  cidr_blocks = ["0.0.0.0/0"]\n}\n'}
{'config': 'resource "aws_vpc_security_group_ingress_rule" "x" {\n  from_port   = 7199\n  to_port     = 7199\n  ip_protocol = "tcp"\n  cidr_ipv4   = "0.0.0.0/0"\n}\n'}
{'config': 'resource "aws_security_group" "x" {\n  ingress {\n    from_port   = 9200\n    to_port     = 9200\n    protocol    = "tcp"\n    cidr_blocks = ["0.0.0.0/0"]\n  }\n}\n'}
{'config': 'resource "aws_security_group_rule" "x" {\n  type        = "ingress"\n  from_port   = 9200\n  to_port     = 9200\n  protocol    = "tcp"\n  cidr_blocks = ["0.0.0.0/0"]\n}\n'}
{'config': 'resource "aws_vpc_security_group_ingress_rule" "x" {\n  from_port   = 9200\n  to_port     = 9200\n  ip_protocol = "tcp"\n  cidr_ipv4   = "0.0.0.0/0"\n}\n'}
{'config': 'resource "aws_security_group" "x" {\n  ingress {\n    from_port   = 20\n    to_port     = 20\n    protocol    = "tcp"\n    cidr_blocks = ["0.0.0.0/0"]\n  }\n}\n'}
{'config': 'resource "aws_security_group_rule" "x" {\n  type        = "ingress"\n  from_port   = 20\n  to_port     = 20\n  protocol    = "tcp"\n  cidr_blocks = ["0.0.0.0/0"]\n}\n'}
{'config': 'resource "aws_vpc_security_group_ingress_rule" "x" {\n  from_port   = 20\n  to_port     = 20\n  ip_protocol = "tcp"\n  cidr_ipv4   = "0.0.0.0/0"\n}\n'}
{'config': 'resource "aws_security_group" "x" {\n  ingress {\n      from_port   = 80\n      to_port     = 80\n      protocol    = "tcp"\n      cidr_blocks = ["0.0.0.0/0"]\n    }\n}\n'}
{'config': 'resource "aws_security_group" "x" {\n  ingress {\n    from_port   = 9092\n    to_port     = 9092\n    protocol    = "tcp"\n    cidr_blocks = ["0.0.0.0/0"]\n  }\n}\n'}
