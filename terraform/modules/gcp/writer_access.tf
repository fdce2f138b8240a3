# What a writer can do. Replacing an object needs the permission to delete it, so full tiles and
# bundles can be created but never replaced or removed, whatever a writer does.
resource "google_service_account" "writer" {
  project      = var.project_id
  account_id   = "${var.name}-writer"
  display_name = "Writers of the log ${var.domain_name}"
}

resource "google_storage_bucket_iam_member" "writer_reads" {
  bucket = google_storage_bucket.log.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.writer.member
}

resource "google_storage_bucket_iam_member" "writer_creates" {
  bucket = google_storage_bucket.log.name
  role   = "roles/storage.objectCreator"
  member = google_service_account.writer.member
}

resource "google_project_iam_custom_role" "remover" {
  project     = var.project_id
  role_id     = "${replace(var.name, "-", "_")}_remover"
  title       = "Remove or replace objects of a fasti log"
  permissions = ["storage.objects.delete"]
}

# The writers' own files, files that change, partial tiles, and parts that the index no longer uses.
resource "google_storage_bucket_iam_member" "writer_removes" {
  bucket = google_storage_bucket.log.name
  role   = google_project_iam_custom_role.remover.id
  member = google_service_account.writer.member

  condition {
    title = "not-what-is-published"
    expression = join(" || ", [
      "resource.name.startsWith(\"${local.objects}/_writer/\")",
      "resource.name == \"${local.objects}/checkpoint\"",
      "resource.name == \"${local.objects}/log.json\"",
      "resource.name.extract(\"/objects/${var.prefix}/tile/{tile}.p/\") != \"\"",
      "resource.name.extract(\"/objects/${var.prefix}/time/{tile}.p/\") != \"\"",
      "resource.name == \"${local.objects}/lookup/checkpoint\"",
      "resource.name == \"${local.objects}/lookup/latest\"",
      "resource.name == \"${local.objects}/heads/latest\"",
      "resource.name.startsWith(\"${local.objects}/lookup/run/\")",
      "resource.name.extract(\"/objects/${var.prefix}/lookup/tile/{tile}.p/\") != \"\"",
    ])
  }
}

resource "google_project_iam_member" "writer_logs" {
  project = var.project_id
  role    = "roles/logging.logWriter"
  member  = google_service_account.writer.member
}
