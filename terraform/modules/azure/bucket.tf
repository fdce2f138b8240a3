# Never add a lifecycle rule. Only writers may remove commit records: a rule that removes one can
# let a writer that was frozen commit to a history that has moved on. Add no versioning and no
# immutability policy either: the former would keep every trimmed record and partial tile, the latter
# would prevent trimming, and publishing.
resource "azurerm_storage_account" "log" {
  resource_group_name = var.resource_group_name
  location            = var.location
  name                = var.bucket_name
  tags                = var.tags

  account_kind             = "StorageV2"
  account_tier             = "Standard"
  account_replication_type = var.replication

  # Who reads or writes says who he is, and nobody has a key that opens all.
  shared_access_key_enabled       = false
  default_to_oauth_authentication = true
  allow_nested_items_to_be_public = false
  https_traffic_only_enabled      = true
  min_tls_version                 = "TLS1_2"

  blob_properties {
    versioning_enabled = false

    # Allows recovery after a deletion by a stolen identity or by mistake. What was deleted or
    # replaced is gone for writers and readers alike.
    dynamic "delete_retention_policy" {
      for_each = var.soft_delete_days > 0 ? [var.soft_delete_days] : []

      content {
        days = delete_retention_policy.value
      }
    }

    # Pages of all sites can read the log. The account answers preflights; routes.tf adds the headers
    # to what comes from Front Door's cache.
    cors_rule {
      allowed_origins    = ["*"]
      allowed_methods    = ["GET", "HEAD"]
      allowed_headers    = ["*"]
      exposed_headers    = local.exposed_headers
      max_age_in_seconds = 86400
    }
  }
}

resource "azurerm_storage_container" "log" {
  storage_account_id    = azurerm_storage_account.log.id
  name                  = local.container
  container_access_type = "private"
}
