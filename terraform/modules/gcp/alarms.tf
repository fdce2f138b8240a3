# What Cloud Monitoring knows without asking the writers. Prometheus knows more: prometheus.tf.
locals {
  balancer = "resource.type = \"https_lb_rule\" AND resource.labels.url_map_name = \"${google_compute_url_map.log.name}\""

  # An alarm rings when the figure is above the limit for five minutes.
  alarms = {
    errors = {
      says   = "Readers or submitters get answers of 5xx."
      filter = "${local.balancer} AND metric.type = \"loadbalancing.googleapis.com/https/request_count\" AND metric.labels.response_code_class = 500"
      align  = "ALIGN_RATE"
      reduce = "REDUCE_SUM"
      above  = 0.1
    }
    slow = {
      says   = "One in a hundred answers of the writers comes later than after 2 s."
      filter = "${local.balancer} AND resource.labels.backend_target_name = \"${google_compute_backend_service.writers.name}\" AND metric.type = \"loadbalancing.googleapis.com/https/backend_latencies\""
      align  = "ALIGN_DELTA"
      reduce = "REDUCE_PERCENTILE_99"
      above  = 2000
    }
    bucket = {
      says   = "Cloud Storage fails to answer."
      filter = "resource.type = \"gcs_bucket\" AND resource.labels.bucket_name = \"${google_storage_bucket.log.name}\" AND metric.type = \"storage.googleapis.com/api/request_count\" AND metric.labels.response_code = one_of(\"INTERNAL\", \"UNAVAILABLE\", \"DEADLINE_EXCEEDED\", \"RESOURCE_EXHAUSTED\")"
      align  = "ALIGN_RATE"
      reduce = "REDUCE_SUM"
      above  = 0.1
    }
  }
}

resource "google_monitoring_alert_policy" "alarm" {
  for_each = { for name, alarm in local.alarms : name => alarm if var.alarms }

  project               = var.project_id
  display_name          = "${var.name}: ${each.key}"
  combiner              = "OR"
  notification_channels = var.notify
  user_labels           = var.labels

  documentation {
    content = each.value.says
  }

  conditions {
    display_name = each.value.says

    condition_threshold {
      filter          = each.value.filter
      comparison      = "COMPARISON_GT"
      threshold_value = each.value.above
      duration        = "300s"

      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = each.value.align
        cross_series_reducer = each.value.reduce
      }
    }
  }
}

# The world asks for the checkpoint, from several places.
resource "google_monitoring_uptime_check_config" "checkpoint" {
  count = var.alarms ? 1 : 0

  project      = var.project_id
  display_name = "${var.name}: checkpoint"
  period       = "60s"
  timeout      = "10s"

  http_check {
    path         = "/checkpoint"
    port         = 443
    use_ssl      = true
    validate_ssl = true
  }

  content_matchers {
    content = var.domain_name
    matcher = "CONTAINS_STRING"
  }

  monitored_resource {
    type   = "uptime_url"
    labels = { project_id = var.project_id, host = var.domain_name }
  }
}

resource "google_monitoring_alert_policy" "checkpoint" {
  count = var.alarms ? 1 : 0

  project               = var.project_id
  display_name          = "${var.name}: checkpoint"
  combiner              = "OR"
  notification_channels = var.notify
  user_labels           = var.labels

  documentation {
    content = "The checkpoint cannot be read, in the view of several places."
  }

  conditions {
    display_name = "the checkpoint cannot be read"

    condition_threshold {
      filter          = "resource.type = \"uptime_url\" AND metric.type = \"monitoring.googleapis.com/uptime_check/check_passed\" AND metric.labels.check_id = \"${google_monitoring_uptime_check_config.checkpoint[0].uptime_check_id}\""
      comparison      = "COMPARISON_GT"
      threshold_value = 1
      duration        = "120s"

      aggregations {
        alignment_period     = "120s"
        per_series_aligner   = "ALIGN_NEXT_OLDER"
        cross_series_reducer = "REDUCE_COUNT_FALSE"
        group_by_fields      = ["resource.label.host"]
      }
    }
  }
}

resource "google_monitoring_dashboard" "front" {
  count = var.alarms ? 1 : 0

  project = var.project_id

  dashboard_json = jsonencode({
    displayName = "${var.name}: load balancer and bucket"
    gridLayout = {
      columns = 2
      widgets = [
        for name, alarm in local.alarms : {
          title = alarm.says
          xyChart = {
            dataSets = [{
              timeSeriesQuery = {
                timeSeriesFilter = {
                  filter      = alarm.filter
                  aggregation = { alignmentPeriod = "60s", perSeriesAligner = alarm.align, crossSeriesReducer = alarm.reduce }
                }
              }
            }]
            thresholds = [{ value = alarm.above }]
          }
        }
      ]
    }
  })
}
