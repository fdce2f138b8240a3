# Which request goes where. Paths under /api/v2/ are mapped to those at the root.
locals {
  # For the index, everything but its newest manifest and checkpoint.
  immutable_prefixes = [
    "tile", "time", "attestations", "heads/page", "heads/note", "heads/json", "lookup/run", "lookup/tile",
    "lookup/revision",
  ]

  read_routes = concat(
    [
      for path in local.immutable_prefixes :
      { from = "/api/v2/${path}/", to = "/${var.prefix}/${path}/", backend = google_compute_backend_bucket.tiles.id }
    ],
    [
      for path in local.immutable_prefixes :
      { from = "/${path}/", to = "/${var.prefix}/${path}/", backend = google_compute_backend_bucket.tiles.id }
    ],
    [
      { from = "/api/v2/", to = "/${var.prefix}/", backend = google_compute_backend_bucket.fresh.id },
      { from = "/", to = "/${var.prefix}/", backend = google_compute_backend_bucket.fresh.id },
    ],
  )
}

resource "google_compute_url_map" "log" {
  project = var.project_id
  name    = var.name

  # Requests for another host are redirected to the log's.
  default_url_redirect {
    host_redirect  = var.domain_name
    https_redirect = true
    strip_query    = false
  }

  host_rule {
    hosts        = [var.domain_name]
    path_matcher = "log"
  }

  path_matcher {
    name            = "log"
    default_service = google_compute_backend_bucket.fresh.id

    # The writers' own files are hidden. reader_access.tf already denies reading them; this rule
    # spares the bucket the request. All of these requests are answered here, none by a writer.
    route_rules {
      priority = 1
      service  = google_compute_backend_service.writers.id

      match_rules {
        prefix_match = "/_writer"
      }

      match_rules {
        prefix_match = "/api/v2/_writer"
      }

      route_action {
        fault_injection_policy {
          abort {
            http_status = 404
            percentage  = 100
          }
        }
      }
    }

    dynamic "route_rules" {
      for_each = local.submission_paths

      content {
        priority = 10 + route_rules.key
        service  = google_compute_backend_service.writers.id

        match_rules {
          full_path_match = route_rules.value

          header_matches {
            header_name = ":method"
            exact_match = "POST"
          }
        }

        # A browser asks whether a page can submit.
        match_rules {
          full_path_match = route_rules.value

          header_matches {
            header_name = ":method"
            exact_match = "OPTIONS"
          }
        }
      }
    }

    dynamic "route_rules" {
      for_each = local.rekor_v1_paths

      content {
        priority = 15 + route_rules.key
        service  = google_compute_backend_service.writers.id

        match_rules {
          prefix_match = route_rules.value
        }
      }
    }

    dynamic "route_rules" {
      for_each = local.read_routes

      content {
        priority = 20 + route_rules.key
        service  = route_rules.value.backend

        match_rules {
          prefix_match = route_rules.value.from
        }

        route_action {
          url_rewrite {
            path_prefix_rewrite = route_rules.value.to
          }
        }
      }
    }
  }
}
