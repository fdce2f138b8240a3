# A log with three writers, in a network of its own.
provider "azurerm" {
  subscription_id     = var.subscription_id
  storage_use_azuread = true

  features {}
}

module "log" {
  source = "../../modules/azure"

  resource_group_name = azurerm_resource_group.log.name
  location            = azurerm_resource_group.log.location
  domain_name         = var.domain_name
  bucket_name         = var.bucket_name
  image               = var.image
  writer_count        = var.writer_count
  ssh_public_key      = var.ssh_public_key
  subnet_id           = azurerm_subnet_nat_gateway_association.log.subnet_id
}

resource "azurerm_resource_group" "log" {
  name     = "fasti"
  location = var.region
}

resource "azurerm_virtual_network" "log" {
  resource_group_name = azurerm_resource_group.log.name
  location            = azurerm_resource_group.log.location
  name                = "fasti"
  address_space       = ["10.10.0.0/16"]
}

# Writers have no public address. With the endpoint their traffic to the container stays off the NAT
# gateway, through which they reach the key vault and the image's registry.
resource "azurerm_subnet" "log" {
  resource_group_name             = azurerm_resource_group.log.name
  virtual_network_name            = azurerm_virtual_network.log.name
  name                            = "writers"
  address_prefixes                = ["10.10.0.0/24"]
  service_endpoints               = ["Microsoft.Storage"]
  default_outbound_access_enabled = false
}

resource "azurerm_public_ip" "nat" {
  resource_group_name = azurerm_resource_group.log.name
  location            = azurerm_resource_group.log.location
  name                = "fasti-nat"
  allocation_method   = "Static"
  sku                 = "Standard"
}

resource "azurerm_nat_gateway" "log" {
  resource_group_name = azurerm_resource_group.log.name
  location            = azurerm_resource_group.log.location
  name                = "fasti"
  sku_name            = "Standard"
}

resource "azurerm_nat_gateway_public_ip_association" "log" {
  nat_gateway_id       = azurerm_nat_gateway.log.id
  public_ip_address_id = azurerm_public_ip.nat.id
}

resource "azurerm_subnet_nat_gateway_association" "log" {
  subnet_id      = azurerm_subnet.log.id
  nat_gateway_id = azurerm_nat_gateway.log.id
}
