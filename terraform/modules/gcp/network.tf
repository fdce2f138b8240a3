# Who reaches whom: the load balancer reaches the writers, and the writers each other.

# What Google's load balancers and health checks connect from.
locals {
  balancer_ranges = ["130.211.0.0/22", "35.191.0.0/16"]
}

resource "google_compute_firewall" "from_balancer" {
  project                 = var.project_id
  name                    = "${var.name}-from-balancer"
  network                 = var.network
  source_ranges           = concat(local.balancer_ranges, var.submitter_source_ranges)
  target_service_accounts = [google_service_account.writer.email]

  allow {
    protocol = "tcp"
    ports    = [tostring(local.writer_port)]
  }
}

# Followers forward submissions to the leader.
resource "google_compute_firewall" "from_writers" {
  project                 = var.project_id
  name                    = "${var.name}-from-writers"
  network                 = var.network
  source_service_accounts = [google_service_account.writer.email]
  target_service_accounts = [google_service_account.writer.email]

  allow {
    protocol = "tcp"
    ports    = [tostring(local.writer_port)]
  }
}

resource "google_compute_firewall" "from_metrics" {
  count = length(var.metrics_source_ranges) > 0 ? 1 : 0

  project                 = var.project_id
  name                    = "${var.name}-from-metrics"
  network                 = var.network
  source_ranges           = var.metrics_source_ranges
  target_service_accounts = [google_service_account.writer.email]

  allow {
    protocol = "tcp"
    ports    = [tostring(local.metrics_port)]
  }
}
