resource "azurerm_recovery_services_vault" "{{name}}" {
  name                = "{{text.name}}-backup"
  location            = {{own.location}}
  resource_group_name = {{own.resource_group_name}}
  sku                 = "Standard"

  identity {
    type = "SystemAssigned"
  }
}
