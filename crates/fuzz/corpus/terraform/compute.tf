resource "aws_security_group" "admin" {
  name        = "admin"
  description = "Administration of the shop"

  ingress {
    description = "SSH"
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_instance" "checkout" {
  ami           = "ami-0123456789abcdef0"
  instance_type = "t3.large"
  monitoring    = var.detailed_monitoring

  tags = {
    Name = "checkout-web-1"
    team = "checkout"
  }
}

resource "aws_ebs_volume" "cache" {
  availability_zone = "eu-west-1a"
  size              = 40
}
