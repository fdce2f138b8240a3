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

  # The way back after a deletion by a stolen identity or a slip of the hand. What is deleted this
  # softly is gone for writers and readers alike.
  soft_delete_policy {
    retention_duration_seconds = var.soft_delete_days * 86400
  }
}
