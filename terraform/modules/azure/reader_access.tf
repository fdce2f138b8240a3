# The container is private: Front Door's own identity reads all of it but the writers' files. It
# cannot list, as a listing has no path that the condition could look at.
resource "azurerm_role_assignment" "readers" {
  scope                = local.container_id
  role_definition_name = "Storage Blob Data Reader"
  principal_id         = azurerm_cdn_frontdoor_profile.log.identity[0].principal_id
  principal_type       = "ServicePrincipal"
  condition_version    = "2.0"

  condition = join(" AND ", [
    "(${local.object} StringStartsWith '${var.prefix}/')",
    "(${local.object} StringNotStartsWith '${var.prefix}/_writer/')",
  ])
}
