# The writers are all alike; they agree among themselves, through the bucket, on who leads. On disk
# they keep the deduplication index, which can be lost. They are machines and not Cloud Run
# instances, because each must be reachable by the others at its own address.
locals {
  metrics_on = var.managed_prometheus || length(var.metrics_source_ranges) > 0

  writer_environment = merge(
    {
      FASTI_STORE         = local.store_url
      FASTI_ORIGIN        = var.domain_name
      FASTI_LISTEN        = "0.0.0.0:${local.writer_port}"
      FASTI_ADVERTISE     = "auto"
      FASTI_STATE_DIR     = "/var/lib/fasti/state"
      FASTI_DRAIN_SECONDS = tostring(var.drain_seconds)
      FASTI_LOG_FORMAT    = "json"

      # The load balancer names the client, and after it its own address.
      FASTI_TRUSTED_PROXIES = join(",", concat(local.balancer_ranges, ["${google_compute_global_address.log.address}/32"]))
    },
    local.key_flags,
    local.metrics_on ? { FASTI_METRICS_LISTEN = "0.0.0.0:${local.metrics_port}" } : {},
    var.accept_opaque ? { FASTI_ACCEPT_OPAQUE = "true" } : {},
    var.witness_policy == null ? {} : { FASTI_WITNESS_POLICY = "/etc/fasti/files/witness.policy" },
    var.environment,
  )

  # Files of the machine. They hold no secrets.
  machine_files = merge(
    var.witness_policy == null ? {} : { "witness.policy" = var.witness_policy },
    local.is_watched ? { "agent.yaml" = local.agent } : {},
  )
}

resource "google_compute_instance_template" "writer" {
  project      = var.project_id
  region       = var.region
  name_prefix  = "${var.name}-writer-"
  machine_type = var.machine_type
  labels       = var.labels

  disk {
    source_image = var.machine_image
    disk_type    = "pd-balanced"
    disk_size_gb = var.disk_gb
    boot         = true
    auto_delete  = true
  }

  network_interface {
    network    = var.network
    subnetwork = var.subnetwork
  }

  service_account {
    email  = google_service_account.writer.email
    scopes = ["cloud-platform"]
  }

  shielded_instance_config {
    enable_secure_boot          = true
    enable_vtpm                 = true
    enable_integrity_monitoring = true
  }

  metadata = {
    block-project-ssh-keys = "true"

    user-data = templatefile("${path.module}/machine.yaml.tftpl", {
      secret_script = filebase64("${path.module}/secret.sh")
      image         = var.image
      secret        = google_secret_manager_secret.key.id
      ports         = "${local.writer_port},${local.metrics_port}"
      writer_user   = "65532:65532"
      environment   = local.writer_environment
      files         = local.machine_files
      agents        = local.is_watched ? [local.agent_command] : []
      stop_seconds  = var.drain_seconds + 10

      # Only Google's own registry needs credentials.
      registries = regexall("^[a-z0-9-]+-docker\\.pkg\\.dev", var.image)
    })
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "google_compute_region_instance_group_manager" "writers" {
  project            = var.project_id
  region             = var.region
  name               = "${var.name}-writers"
  base_instance_name = "${var.name}-writer"
  target_size        = var.writer_count

  version {
    instance_template = google_compute_instance_template.writer.self_link_unique
  }

  named_port {
    name = "http"
    port = local.writer_port
  }

  # A machine is replaced when its writer does not answer, not when the log accepts no entries: new
  # machines do not help if the bucket is unreachable.
  auto_healing_policies {
    health_check      = google_compute_health_check.alive.id
    initial_delay_sec = var.startup_seconds
  }

  # An old writer stops only when a new one runs. A regional group grows by one machine a zone.
  update_policy {
    type                  = "PROACTIVE"
    minimal_action        = "REPLACE"
    max_surge_fixed       = 3
    max_unavailable_fixed = 0
  }

  depends_on = [
    google_secret_manager_secret_iam_member.writer,
    google_kms_crypto_key_iam_member.writer_signs,
    google_storage_bucket_iam_member.writer_reads,
    google_storage_bucket_iam_member.writer_creates,
    google_storage_bucket_iam_member.writer_removes,
  ]
}

resource "google_compute_health_check" "alive" {
  project             = var.project_id
  name                = "${var.name}-alive"
  check_interval_sec  = 10
  timeout_sec         = 5
  healthy_threshold   = 1
  unhealthy_threshold = 6

  http_health_check {
    port         = local.writer_port
    request_path = "/healthz"
  }
}
