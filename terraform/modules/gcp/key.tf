# The log's key. Only the empty secret is created here. The operator adds the key, so that it is
# never in Terraform's state.
resource "google_secret_manager_secret" "key" {
  project   = var.project_id
  secret_id = "${var.name}-log-key"
  labels    = var.labels

  replication {
    auto {}
  }
}

resource "google_secret_manager_secret_iam_member" "writer" {
  project   = var.project_id
  secret_id = google_secret_manager_secret.key.secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.writer.member
}
