resource "azurerm_network_security_group" "{{name}}" {
  name                = "{{text.name}}-nsg"
  location            = {{of.virtual_network_name.location}}
  resource_group_name = {{own.resource_group_name}}
}
