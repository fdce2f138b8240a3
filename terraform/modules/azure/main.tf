# A fasti log on Azure Blob Storage: any number of writers over one container, and static files for
# everyone else.
#
#   bucket.tf         what the log is: a container in a storage account of its own
#   writer_access.tf  what a writer can do to it
#   reader_access.tf  what Front Door can read in it
#   key.tf            where the log's secret is kept
#   network.tf        who reaches whom
#   writers.tf        the writers, a scale set of machines
#   balancer.tf       submissions to any writer that is ready
#   routes.tf         which request goes where, and how long answers are kept
#   front.tf          the log's public face, Front Door
#   alarms.tf         what Azure Monitor knows of it: alarms
#   prometheus.tf     what the writers say of themselves, and the alerts of terraform/monitoring

data "azurerm_client_config" "current" {}

locals {
  container    = "log"
  container_id = "${azurerm_storage_account.log.id}/blobServices/default/containers/${azurerm_storage_container.log.name}"

  # The attribute of conditions with the path of an object in the container.
  object = "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path]"

  store_url    = "az://${azurerm_storage_container.log.name}/${var.prefix}"
  writer_port  = 3000
  metrics_port = 2112

  # The headers of an answer that pages of other sites can see.
  exposed_headers = ["Accept-Ranges", "Content-Encoding", "Content-Range", "Date", "ETag", "Retry-After"]

  # The only requests that go to a writer: submissions, and all of Rekor v1's API.
  submission_paths = concat(["/api/v2/log/entries", "/api/v1/*"], var.accept_opaque ? ["/add"] : [])
}
