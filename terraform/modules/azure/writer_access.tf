# What a writer can do. It can create and replace objects; Azure knows no permission for creating
# alone that answers as the writers need it when the object is there. What keeps tiles and records as
# they are is `If-None-Match`, which writers send with each of them.
resource "azurerm_user_assigned_identity" "writer" {
  resource_group_name = var.resource_group_name
  location            = var.location
  name                = "${var.name}-writer"
  tags                = var.tags
}

# Lists, too.
resource "azurerm_role_assignment" "writer_reads" {
  scope                = local.container_id
  role_definition_name = "Storage Blob Data Reader"
  principal_id         = azurerm_user_assigned_identity.writer.principal_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_role_definition" "writes" {
  scope             = azurerm_storage_account.log.id
  assignable_scopes = [azurerm_storage_account.log.id]
  name              = "${var.bucket_name} writes objects"

  permissions {
    data_actions = [
      "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write",
      "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action",
    ]
  }
}

resource "azurerm_role_assignment" "writer_writes" {
  scope              = local.container_id
  role_definition_id = azurerm_role_definition.writes.role_definition_resource_id
  principal_id       = azurerm_user_assigned_identity.writer.principal_id
  principal_type     = "ServicePrincipal"
}

resource "azurerm_role_definition" "removes" {
  scope             = azurerm_storage_account.log.id
  assignable_scopes = [azurerm_storage_account.log.id]
  name              = "${var.bucket_name} removes objects"

  permissions {
    data_actions = ["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete"]
  }
}

# Only the writers' own files, partial tiles, and parts that the index no longer uses.
resource "azurerm_role_assignment" "writer_removes" {
  scope              = local.container_id
  role_definition_id = azurerm_role_definition.removes.role_definition_resource_id
  principal_id       = azurerm_user_assigned_identity.writer.principal_id
  principal_type     = "ServicePrincipal"
  condition_version  = "2.0"

  condition = join(" OR ", [
    for path in ["_writer/*", "tile/*.p/*", "time/*.p/*", "lookup/run/*", "lookup/tile/*.p/*"] :
    "(${local.object} StringLike '${var.prefix}/${path}')"
  ])
}
