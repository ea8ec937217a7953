resource "aws_iam_instance_profile" "{{name}}" {
  name_prefix = "instance-"
  role        = {{instance_role}}.name
}
