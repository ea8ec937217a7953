resource "azurerm_backup_policy_vm" "{{name}}" {
  name                = "daily"
  resource_group_name = {{own.resource_group_name}}
  recovery_vault_name = {{backup_safe}}.name

  backup {
    frequency = "Daily"
    time      = "23:00"
  }

  retention_daily {
    count = 14
  }
}
