# Submissions go to any writer that is ready. Front Door reaches the load balancer at a public
# address, which is open to nobody else (network.tf). Without public submissions it is inside.
resource "azurerm_public_ip" "writers" {
  count = var.public_submissions ? 1 : 0

  resource_group_name = var.resource_group_name
  location            = var.location
  name                = "${var.name}-writers"
  allocation_method   = "Static"
  sku                 = "Standard"
  tags                = var.tags
}

resource "azurerm_lb" "writers" {
  resource_group_name = var.resource_group_name
  location            = var.location
  name                = "${var.name}-writers"
  sku                 = "Standard"
  tags                = var.tags

  frontend_ip_configuration {
    name                 = "submissions"
    public_ip_address_id = one(azurerm_public_ip.writers[*].id)
    subnet_id            = var.public_submissions ? null : var.subnet_id
  }
}

resource "azurerm_lb_backend_address_pool" "writers" {
  loadbalancer_id = azurerm_lb.writers.id
  name            = "writers"
}

resource "azurerm_lb_probe" "ready" {
  loadbalancer_id     = azurerm_lb.writers.id
  name                = "ready"
  protocol            = "Http"
  port                = local.writer_port
  request_path        = "/readyz"
  interval_in_seconds = 5
  probe_threshold     = 2
}

resource "azurerm_lb_rule" "submissions" {
  loadbalancer_id                = azurerm_lb.writers.id
  name                           = "submissions"
  protocol                       = "Tcp"
  frontend_ip_configuration_name = "submissions"
  frontend_port                  = 80
  backend_port                   = local.writer_port
  backend_address_pool_ids       = [azurerm_lb_backend_address_pool.writers.id]
  probe_id                       = azurerm_lb_probe.ready.id
  disable_outbound_snat          = true
  tcp_reset_enabled              = true
}
