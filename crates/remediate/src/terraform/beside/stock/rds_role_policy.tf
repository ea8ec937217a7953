resource "aws_iam_role_policy_attachment" "{{name}}" {
  role       = {{rds_role}}.name
  policy_arn = "arn:${{{partition}}.partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
}
