# Where requests can go, and how long answers are cached. Nothing is compressed in transit: tiles
# are hashes, and bundles are served as stored.

# Tiles, bundles, parts of the index: a path's content never changes, whatever the bucket's headers
# say.
resource "google_compute_backend_bucket" "tiles" {
  project                 = var.project_id
  name                    = "${var.name}-tiles"
  bucket_name             = google_storage_bucket.log.name
  enable_cdn              = true
  compression_mode        = "DISABLED"
  custom_response_headers = local.page_headers

  cdn_policy {
    cache_mode       = "FORCE_CACHE_ALL"
    default_ttl      = 2592000
    client_ttl       = 86400
    negative_caching = false
  }
}

# `checkpoint` and everything else. Crowds of readers are kept away from the bucket, whatever its
# headers say.
resource "google_compute_backend_bucket" "fresh" {
  project                 = var.project_id
  name                    = "${var.name}-fresh"
  bucket_name             = google_storage_bucket.log.name
  enable_cdn              = true
  compression_mode        = "DISABLED"
  custom_response_headers = local.page_headers

  cdn_policy {
    cache_mode       = "FORCE_CACHE_ALL"
    default_ttl      = var.checkpoint_seconds
    client_ttl       = var.checkpoint_seconds
    negative_caching = false

    # Otherwise the next reader of a quiet log would get the checkpoint that the last one got.
    serve_while_stale = 0
  }
}

resource "google_compute_health_check" "ready" {
  project             = var.project_id
  name                = "${var.name}-ready"
  check_interval_sec  = 5
  timeout_sec         = 3
  healthy_threshold   = 2
  unhealthy_threshold = 2

  http_health_check {
    port         = local.writer_port
    request_path = "/readyz"
  }
}

resource "google_compute_backend_service" "writers" {
  project                         = var.project_id
  name                            = "${var.name}-writers"
  load_balancing_scheme           = "EXTERNAL_MANAGED"
  protocol                        = "HTTP"
  port_name                       = "http"
  health_checks                   = [google_compute_health_check.ready.id]
  connection_draining_timeout_sec = var.drain_seconds
  security_policy                 = var.security_policy

  # Longer than a writer takes to publish a batch.
  timeout_sec = 60

  backend {
    group           = google_compute_region_instance_group_manager.writers.instance_group
    balancing_mode  = "UTILIZATION"
    capacity_scaler = 1.0
  }
}
