# Never add a lifecycle rule. Only writers may remove commit records: a rule that removes one can
# let a writer that was frozen commit to a history that has moved on. Add no versioning and no
# retention policy either: the former would keep every trimmed record and partial tile, the latter
# would prevent trimming.
resource "google_storage_bucket" "log" {
  project  = var.project_id
  name     = var.bucket_name
  location = var.bucket_location
  labels   = var.labels

  force_destroy               = false
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  versioning {
    enabled = false
  }

  # Pages of all sites can read the log. The bucket answers preflights, and has a single list of
  # headers for what a page can send and what it can see.
  cors {
    origin          = ["*"]
    method          = ["GET", "HEAD"]
    response_header = concat(local.exposed_headers, ["If-None-Match", "If-Range", "Range"])
    max_age_seconds = 86400
  }

  # Allows recovery after a deletion by a stolen identity or by mistake. Soft-deleted objects are
  # gone for writers and readers alike.
  soft_delete_policy {
    retention_duration_seconds = var.soft_delete_days * 86400
  }
}
