# The log's public face: reads from the container, submissions to the writers, one host name.
resource "azurerm_cdn_frontdoor_profile" "log" {
  resource_group_name = var.resource_group_name
  name                = var.name
  sku_name            = "Standard_AzureFrontDoor"
  tags                = var.tags

  # Longer than a writer takes to publish a batch.
  response_timeout_seconds = 60

  identity {
    type = "SystemAssigned"
  }
}

resource "azurerm_cdn_frontdoor_endpoint" "log" {
  cdn_frontdoor_profile_id = azurerm_cdn_frontdoor_profile.log.id
  name                     = var.bucket_name
  tags                     = var.tags
}

resource "azurerm_cdn_frontdoor_custom_domain" "log" {
  cdn_frontdoor_profile_id = azurerm_cdn_frontdoor_profile.log.id
  name                     = "log"
  host_name                = var.domain_name
  dns_zone_id              = var.zone_id

  tls {
    certificate_type = "ManagedCertificate"
  }
}

resource "azurerm_cdn_frontdoor_security_policy" "log" {
  count = var.firewall_policy_id == null ? 0 : 1

  cdn_frontdoor_profile_id = azurerm_cdn_frontdoor_profile.log.id
  name                     = "log"

  security_policies {
    firewall {
      cdn_frontdoor_firewall_policy_id = var.firewall_policy_id

      association {
        patterns_to_match = ["/*"]

        domain {
          cdn_frontdoor_domain_id = azurerm_cdn_frontdoor_custom_domain.log.id
        }
      }
    }
  }
}

# Front Door reads the container as itself. The provider cannot say that of an origin group yet, so
# the group is a template of the resource manager.
resource "azurerm_resource_group_template_deployment" "bucket" {
  resource_group_name = var.resource_group_name
  name                = "${var.name}-bucket"
  deployment_mode     = "Incremental"
  tags                = var.tags

  template_content = jsonencode({
    "$schema"      = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
    contentVersion = "1.0.0.0"
    resources = [{
      type       = "Microsoft.Cdn/profiles/originGroups"
      apiVersion = "2025-06-01"
      name       = "${azurerm_cdn_frontdoor_profile.log.name}/bucket"
      properties = {
        authentication        = { type = "SystemAssignedIdentity", scope = "https://storage.azure.com/.default" }
        loadBalancingSettings = { sampleSize = 4, successfulSamplesRequired = 3, additionalLatencyInMilliseconds = 50 }
        sessionAffinityState  = "Disabled"
      }
    }]
  })
}

resource "azurerm_cdn_frontdoor_origin" "bucket" {
  cdn_frontdoor_origin_group_id  = "${azurerm_cdn_frontdoor_profile.log.id}/originGroups/bucket"
  name                           = "bucket"
  host_name                      = azurerm_storage_account.log.primary_blob_host
  origin_host_header             = azurerm_storage_account.log.primary_blob_host
  certificate_name_check_enabled = true

  depends_on = [azurerm_resource_group_template_deployment.bucket, azurerm_role_assignment.readers]
}

resource "azurerm_cdn_frontdoor_origin_group" "writers" {
  count = var.public_submissions ? 1 : 0

  cdn_frontdoor_profile_id = azurerm_cdn_frontdoor_profile.log.id
  name                     = "writers"
  session_affinity_enabled = false

  # The load balancer is the only one, and asks the writers itself.
  load_balancing {}
}

resource "azurerm_cdn_frontdoor_origin" "writers" {
  count = var.public_submissions ? 1 : 0

  cdn_frontdoor_origin_group_id  = azurerm_cdn_frontdoor_origin_group.writers[0].id
  name                           = "writers"
  host_name                      = azurerm_public_ip.writers[0].ip_address
  origin_host_header             = var.domain_name
  http_port                      = 80
  certificate_name_check_enabled = false
}
