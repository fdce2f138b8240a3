# No lifecycle rule may ever be added: commit records are removed by the writers alone, and a rule
# that removes one can let a writer that was asleep commit into a history that has moved on. No
# versions and no retention policy either: the one would keep every trimmed record and partial
# tile, the other would forbid to trim them.
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

  # Pages of all sites may read the log. Preflights are answered by the bucket, which lists one and the same
  # headers for what a page may send and for what it may see.
  cors {
    origin          = ["*"]
    method          = ["GET", "HEAD"]
    response_header = concat(local.exposed_headers, ["If-None-Match", "If-Range", "Range"])
    max_age_seconds = 86400
  }

  # The way back after a deletion by a stolen identity or a slip of the hand. What is deleted this
  # softly is gone for writers and readers alike.
  soft_delete_policy {
    retention_duration_seconds = var.soft_delete_days * 86400
  }
}
