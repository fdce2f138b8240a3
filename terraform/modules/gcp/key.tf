# The log's secret: its key, or, if a key service has that, what the writers know each other by. Only
# the empty secret is created here. The operator puts it in, so that it is never in Terraform's
# state.
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

locals {
  secret_file = "/run/fasti/secret"
  key_flags = var.kms_key_version == null ? { FASTI_KEY = local.secret_file } : {
    FASTI_KEY         = "gcpkms://${var.kms_key_version}"
    FASTI_PEER_SECRET = local.secret_file
  }
}

resource "google_kms_crypto_key_iam_member" "writer_signs" {
  count = var.kms_key_version == null ? 0 : 1

  crypto_key_id = split("/cryptoKeyVersions/", var.kms_key_version)[0]
  role          = "roles/cloudkms.signerVerifier"
  member        = google_service_account.writer.member
}
