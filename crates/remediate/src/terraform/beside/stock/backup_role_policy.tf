resource "aws_iam_role_policy_attachment" "{{name}}" {
  role       = {{backup_role}}.name
  policy_arn = "arn:${{{partition}}.partition}:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup"
}
