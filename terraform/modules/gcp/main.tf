# A fasti log on Google Cloud Storage: any number of writers over one bucket, and static files for
# everyone else.
#
#   bucket.tf         what the log is: a bucket
#   writer_access.tf  what a writer can do to it
#   reader_access.tf  what the load balancer can read in it
#   key.tf            where the log's key is kept
#   network.tf        who reaches whom
#   writers.tf        the writers, a regional group of machines
#   backends.tf       where requests can go, and how long answers are kept
#   routes.tf         which request goes where
#   front.tf          the log's address and certificate

data "google_project" "log" {
  project_id = var.project_id
}

locals {
  # The name of the log's objects in IAM conditions.
  objects = "projects/_/buckets/${google_storage_bucket.log.name}/objects/${var.prefix}"

  store_url    = "gs://${google_storage_bucket.log.name}/${var.prefix}"
  writer_port  = 3000
  metrics_port = 9000

  # The headers of an answer that pages of other sites can see.
  exposed_headers = ["Accept-Ranges", "Content-Encoding", "Content-Range", "Date", "ETag", "Retry-After"]

  # The same for answers from the load balancer's cache, whoever asked first.
  page_headers = [
    "Access-Control-Allow-Origin: *",
    "Access-Control-Expose-Headers: ${join(", ", local.exposed_headers)}",
  ]

  # The only requests that go to a writer.
  submission_paths = !var.public_submissions ? [] : concat(["/api/v2/log/entries"], var.accept_opaque ? ["/add"] : [])
}
