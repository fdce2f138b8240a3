# The log's address and certificate. Point domain_name at the address; the certificate follows
# within the hour.
resource "google_compute_global_address" "log" {
  project = var.project_id
  name    = var.name
}

resource "google_compute_managed_ssl_certificate" "log" {
  project = var.project_id
  name    = var.name

  managed {
    domains = [var.domain_name]
  }
}

resource "google_compute_target_https_proxy" "log" {
  project          = var.project_id
  name             = var.name
  url_map          = google_compute_url_map.log.id
  ssl_certificates = [google_compute_managed_ssl_certificate.log.id]
}

resource "google_compute_global_forwarding_rule" "log" {
  project               = var.project_id
  name                  = var.name
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_address            = google_compute_global_address.log.id
  target                = google_compute_target_https_proxy.log.id
  port_range            = "443"
}
