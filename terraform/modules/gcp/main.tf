# A fasti log on Google Cloud Storage: any number of writers over one bucket, and static files for
# everyone else.
#
#   bucket.tf         what the log is: a bucket
#   writer_access.tf  what a writer can do to it
#   reader_access.tf  what the load balancer can read in it
#   key.tf            where the log's secret is kept, and who signs
#   network.tf        who reaches whom
#   writers.tf        the writers, a regional group of machines
#   backends.tf       where requests can go, and how long answers are kept
#   routes.tf         which request goes where
#   front.tf          the log's address and certificate
#   alarms.tf         what Cloud Monitoring knows of it: alarms and a dashboard
#   prometheus.tf     what the writers say of themselves: the same by terraform/monitoring

data "google_project" "log" {
  project_id = var.project_id
}

locals {
  # The name of the log's objects in IAM conditions.
  objects = "projects/_/buckets/${google_storage_bucket.log.name}/objects/${var.prefix}"

  store_url    = "gs://${google_storage_bucket.log.name}/${var.prefix}"
  writer_port  = 3000
  metrics_port = 2112

  # The headers of an answer that pages of other sites can see.
  exposed_headers = ["Accept-Ranges", "Content-Encoding", "Content-Range", "Date", "ETag", "Retry-After"]

  # The same for answers from the load balancer's cache, whoever asked first.
  page_headers = [
    "Access-Control-Allow-Origin: *",
    "Access-Control-Expose-Headers: ${join(", ", local.exposed_headers)}",
  ]

  # The only requests that go to a writer: submissions, and all of Rekor v1's API, which is also
  # asked with GET.
  rekor_v1_paths   = var.public_submissions ? ["/api/v1/"] : []
  submission_paths = !var.public_submissions ? [] : concat(["/api/v2/log/entries"], var.accept_opaque ? ["/add"] : [])
}
