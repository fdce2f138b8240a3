# The writers are all alike; they agree among themselves, through the container, on who leads. On
# disk they keep the deduplication index, which can be lost. They are machines and not container
# apps, because each must be reachable by the others at its own address.
locals {
  metrics_on = var.managed_prometheus || length(var.metrics_cidr_blocks) > 0

  writer_environment = merge(
    {
      AZURE_STORAGE_ACCOUNT_NAME = azurerm_storage_account.log.name
      AZURE_CLIENT_ID            = azurerm_user_assigned_identity.writer.client_id
      FASTI_STORE                = local.store_url
      FASTI_ORIGIN               = var.domain_name
      FASTI_LISTEN               = "0.0.0.0:${local.writer_port}"
      FASTI_ADVERTISE            = "auto"
      FASTI_KEY                  = "/run/fasti/secret"
      FASTI_STATE_DIR            = "/var/lib/fasti/state"
      FASTI_DRAIN_SECONDS        = tostring(var.drain_seconds)
      FASTI_LOG_FORMAT           = "json"

      # Front Door names the client that it forwards for.
      FASTI_TRUSTED_PROXIES = join(",", data.azurerm_network_service_tags.front_door.ipv4_cidrs)
    },
    local.metrics_on ? { FASTI_METRICS_LISTEN = "0.0.0.0:${local.metrics_port}" } : {},
    var.accept_opaque ? { FASTI_ACCEPT_OPAQUE = "true" } : {},
    var.witness_policy == null ? {} : { FASTI_WITNESS_POLICY = "/etc/fasti/files/witness.policy" },
    var.environment,
  )

  # Files of the machine. They hold no secrets.
  machine_files = merge(
    var.witness_policy == null ? {} : { "witness.policy" = var.witness_policy },
    local.is_watched ? { "agent.yaml" = local.agent } : {},
  )
}

resource "azurerm_linux_virtual_machine_scale_set" "writers" {
  resource_group_name = var.resource_group_name
  location            = var.location
  name                = "${var.name}-writers"
  sku                 = var.machine_type
  instances           = var.writer_count
  zones               = var.zones
  admin_username      = "fasti"
  overprovision       = false
  upgrade_mode        = "Rolling"
  secure_boot_enabled = true
  vtpm_enabled        = true
  tags                = var.tags

  # Azure wants one. No rule of the network lets anybody in.
  admin_ssh_key {
    username   = "fasti"
    public_key = var.ssh_public_key
  }

  source_image_reference {
    publisher = "Canonical"
    offer     = "ubuntu-24_04-lts"
    sku       = "server"
    version   = "latest"
  }

  os_disk {
    caching              = "ReadWrite"
    storage_account_type = "Premium_LRS"
    disk_size_gb         = var.disk_gb
  }

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.writer.id]
  }

  network_interface {
    name                      = "writer"
    primary                   = true
    network_security_group_id = azurerm_network_security_group.writers.id

    ip_configuration {
      name                                   = "writer"
      primary                                = true
      subnet_id                              = var.subnet_id
      application_security_group_ids         = [azurerm_application_security_group.writers.id]
      load_balancer_backend_address_pool_ids = [azurerm_lb_backend_address_pool.writers.id]
    }
  }

  custom_data = base64encode(templatefile("${path.module}/machine.yaml.tftpl", {
    prepare_script = filebase64("${path.module}/prepare.sh")
    image          = var.image
    identity       = azurerm_user_assigned_identity.writer.client_id
    secret_url     = local.secret_url
    writer_user    = "65532:65532"
    environment    = local.writer_environment
    files          = local.machine_files
    agents         = local.is_watched ? [local.agent_command] : []
    stop_seconds   = var.drain_seconds + 10
  }))

  # A machine is replaced when its writer does not answer, not when the log accepts no entries: new
  # machines do not help if the container is unreachable.
  extension {
    name                       = "alive"
    publisher                  = "Microsoft.ManagedServices"
    type                       = "ApplicationHealthLinux"
    type_handler_version       = "1.0"
    auto_upgrade_minor_version = true
    settings                   = jsonencode({ protocol = "http", port = local.writer_port, requestPath = "/healthz" })
  }

  automatic_instance_repair {
    enabled      = true
    grace_period = "PT${ceil(max(var.startup_seconds, 600) / 60)}M"
  }

  # One machine at a time, and an old one stops only when a new one runs.
  rolling_upgrade_policy {
    max_batch_instance_percent              = 20
    max_unhealthy_instance_percent          = 20
    max_unhealthy_upgraded_instance_percent = 20
    pause_time_between_batches              = "PT1M"
    maximum_surge_instances_enabled         = true
  }

  depends_on = [
    azurerm_lb_rule.submissions,
    azurerm_role_assignment.writer_reads_key,
    azurerm_role_assignment.writer_reads,
    azurerm_role_assignment.writer_writes,
    azurerm_role_assignment.writer_removes,
    azurerm_network_security_rule.inbound,
    azurerm_network_security_rule.from_writers,
  ]
}
