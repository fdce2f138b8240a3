# The bucket is private: the load balancer's own identity reads all of it but the writers' files.
# List permission makes a missing object 404 and not 403; on 404, readers fall back from a partial
# tile to the full one. It exposes no listing, as every path at the front becomes a name under the
# prefix.
resource "google_storage_bucket_iam_member" "readers" {
  bucket = google_storage_bucket.log.name
  role   = "roles/storage.objectViewer"
  member = "serviceAccount:service-${data.google_project.log.number}@https-lb.iam.gserviceaccount.com"

  condition {
    title      = "not-the-writers-part"
    expression = "!resource.name.startsWith(\"${local.objects}/_writer/\")"
  }
}
