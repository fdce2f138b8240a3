# A log with three writers, in a network of its own.
provider "google" {
  project = var.project_id
  region  = var.region
}

module "log" {
  source = "../../modules/gcp"

  project_id      = var.project_id
  region          = var.region
  domain_name     = var.domain_name
  bucket_name     = var.bucket_name
  bucket_location = var.region
  image           = var.image
  writer_count    = var.writer_count
  network         = google_compute_network.log.id
  subnetwork      = google_compute_subnetwork.log.id
}

resource "google_compute_network" "log" {
  name                    = "fasti"
  auto_create_subnetworks = false
}

# Writers have no public address. They reach the bucket, Secret Manager and Artifact Registry
# through Private Google Access; an image in another registry needs Cloud NAT.
resource "google_compute_subnetwork" "log" {
  name                     = "fasti"
  region                   = var.region
  network                  = google_compute_network.log.id
  ip_cidr_range            = "10.10.0.0/24"
  private_ip_google_access = true
}

resource "google_artifact_registry_repository_iam_member" "writer_pulls" {
  project    = var.project_id
  location   = var.region
  repository = var.repository
  role       = "roles/artifactregistry.reader"
  member     = "serviceAccount:${module.log.writer_service_account}"
}
