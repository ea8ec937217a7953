resource "aws_backup_plan" "{{name}}" {
  name = "{{name}}"

  rule {
    rule_name         = "daily"
    target_vault_name = {{backup_vault}}.name
    schedule          = "cron(0 5 * * ? *)"

    lifecycle {
      delete_after = 35
    }
  }
}
