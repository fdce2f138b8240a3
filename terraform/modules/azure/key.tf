# The log's key. Only the empty vault is created here. The operator puts the key in, so that it is
# never in Terraform's state. fasti signs with no key of Azure's key service: the vault holds the key
# file as a secret, which is read when a writer starts.
resource "azurerm_key_vault" "log" {
  resource_group_name        = var.resource_group_name
  location                   = var.location
  name                       = var.bucket_name
  tenant_id                  = data.azurerm_client_config.current.tenant_id
  sku_name                   = "standard"
  rbac_authorization_enabled = true
  purge_protection_enabled   = true
  soft_delete_retention_days = 30
  tags                       = var.tags
}

locals {
  secret_url = "${azurerm_key_vault.log.vault_uri}secrets/log-key"
}

resource "azurerm_role_assignment" "writer_reads_key" {
  scope                = azurerm_key_vault.log.id
  role_definition_name = "Key Vault Secrets User"
  principal_id         = azurerm_user_assigned_identity.writer.principal_id
  principal_type       = "ServicePrincipal"
}
