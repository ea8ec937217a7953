resource "azurerm_log_analytics_workspace" "{{name}}" {
  name                = "{{text.name}}-logs"
  location            = {{own.location}}
  resource_group_name = {{own.resource_group_name}}
  sku                 = "PerGB2018"
  retention_in_days   = 90
}
