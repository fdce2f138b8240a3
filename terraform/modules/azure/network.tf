# Who reaches whom: Front Door reaches the writers through the load balancer, which leaves its
# clients' addresses as they are, and the writers reach each other.

# What Front Door connects from.
data "azurerm_network_service_tags" "front_door" {
  location = var.location
  service  = "AzureFrontDoor.Backend"
}

resource "azurerm_application_security_group" "writers" {
  resource_group_name = var.resource_group_name
  location            = var.location
  name                = "${var.name}-writers"
  tags                = var.tags
}

resource "azurerm_network_security_group" "writers" {
  resource_group_name = var.resource_group_name
  location            = var.location
  name                = "${var.name}-writers"
  tags                = var.tags
}

locals {
  # Each of these may connect to the port. A list of ranges can be empty, and then there is no rule.
  inbound = {
    from-balancer   = { priority = 100, tag = "AzureLoadBalancer", ranges = null, port = local.writer_port }
    from-front-door = { priority = 110, tag = var.public_submissions ? "AzureFrontDoor.Backend" : null, ranges = null, port = local.writer_port }
    from-submitters = { priority = 120, tag = null, ranges = var.submitter_cidr_blocks, port = local.writer_port }
    from-metrics    = { priority = 130, tag = null, ranges = var.metrics_cidr_blocks, port = local.metrics_port }
  }
}

resource "azurerm_network_security_rule" "inbound" {
  for_each = { for name, rule in local.inbound : name => rule if rule.tag != null || length(coalesce(rule.ranges, [])) > 0 }

  resource_group_name         = var.resource_group_name
  network_security_group_name = azurerm_network_security_group.writers.name
  name                        = each.key
  priority                    = each.value.priority
  direction                   = "Inbound"
  access                      = "Allow"
  protocol                    = "Tcp"
  source_address_prefix       = each.value.tag
  source_address_prefixes     = each.value.ranges
  source_port_range           = "*"
  destination_address_prefix  = "*"
  destination_port_range      = tostring(each.value.port)
}

# Followers forward submissions to the leader.
resource "azurerm_network_security_rule" "from_writers" {
  resource_group_name                        = var.resource_group_name
  network_security_group_name                = azurerm_network_security_group.writers.name
  name                                       = "from-writers"
  priority                                   = 140
  direction                                  = "Inbound"
  access                                     = "Allow"
  protocol                                   = "Tcp"
  source_application_security_group_ids      = [azurerm_application_security_group.writers.id]
  source_port_range                          = "*"
  destination_application_security_group_ids = [azurerm_application_security_group.writers.id]
  destination_port_range                     = tostring(local.writer_port)
}

# Otherwise all of the virtual network could connect.
resource "azurerm_network_security_rule" "nobody_else" {
  resource_group_name         = var.resource_group_name
  network_security_group_name = azurerm_network_security_group.writers.name
  name                        = "nobody-else"
  priority                    = 4000
  direction                   = "Inbound"
  access                      = "Deny"
  protocol                    = "*"
  source_address_prefix       = "*"
  source_port_range           = "*"
  destination_address_prefix  = "*"
  destination_port_range      = "*"
}
