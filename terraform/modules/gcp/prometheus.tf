# What the writers say of themselves: an agent beside each of them sends their metrics to managed
# Prometheus. The alerts and the dashboard of terraform/monitoring are made policies and a dashboard
# of Cloud Monitoring here.
locals {
  is_watched = var.managed_prometheus
  groups     = yamldecode(file("${path.module}/../../monitoring/alerts.yaml")).groups
  rules      = flatten([for group in local.groups : [for rule in group.rules : merge({ group = group.name, for = "0s" }, rule)]])

  # There are no recording rules: what they record is put where it is asked for, and of what is not
  # recorded there are ranges only if it is evaluated each minute.
  recorded = { for rule in local.rules : rule.record => "(${trimspace(rule.expr)})" if can(rule.record) }

  # Alerts look back a day at most, so the one over three days is missing. Several have the same name.
  alerts = {
    for rule in local.rules :
    join("-", compact([rule.alert, try(rule.labels.window, "")])) => merge(rule, {
      query = replace(join("", [
        for word in regexall("[A-Za-z_:][A-Za-z0-9_:]*|[^A-Za-z_:]+", rule.expr) : lookup(local.recorded, word, word)
      ]), "/\\)\\[(\\w+)\\]/", ")[$1:1m]")
    }) if local.is_watched && can(rule.alert) && try(rule.labels.window, "") != "3d"
  }
  seconds    = { s = 1, m = 60, h = 3600 }
  severities = { critical = "CRITICAL", warning = "WARNING", info = null }

  # WRITER is put in when the agent starts. The job is the log.
  agent = yamlencode({
    global = { scrape_interval = "30s" }
    scrape_configs = [{
      job_name       = var.name
      static_configs = [{ targets = ["127.0.0.1:${local.metrics_port}"], labels = { instance = "WRITER" } }]
    }]
  })
  agent_command = join(" ", [
    var.agent_image, "--config.file=/agent.yaml", "--storage.tsdb.path=/data", "--storage.tsdb.retention.time=1h",
    "--web.listen-address=127.0.0.1:9090", "--export.label.project-id=${var.project_id}",
    "--export.label.location=${var.region}", "--export.label.cluster=${var.name}",
  ])
}

resource "google_project_iam_member" "writer_reports" {
  count = local.is_watched ? 1 : 0

  project = var.project_id
  role    = "roles/monitoring.metricWriter"
  member  = google_service_account.writer.member
}

resource "google_monitoring_alert_policy" "alert" {
  for_each = local.alerts

  project               = var.project_id
  display_name          = "${var.name}: ${each.key}"
  combiner              = "OR"
  severity              = local.severities[each.value.labels.severity]
  notification_channels = var.notify
  user_labels           = var.labels

  documentation {
    mime_type = "text/markdown"
    content   = "What to do: ${each.value.annotations.runbook_url}"

    # What the rule takes from labels is called otherwise here.
    subject = replace(replace(each.value.annotations.summary, "/{{ *\\$labels\\.(\\w+) *}}/", "$${metric_or_resource.label.$1}"), "/{{[^}]*}} ?/", "")
  }

  conditions {
    display_name = each.value.alert

    # A metric that no writer has exported yet is no error.
    condition_prometheus_query_language {
      query                     = each.value.query
      duration                  = "${tonumber(regex("[0-9]+", each.value.for)) * local.seconds[regex("[a-z]", each.value.for)]}s"
      evaluation_interval       = "60s"
      rule_group                = each.value.group
      alert_rule                = each.value.alert
      labels                    = each.value.labels
      disable_metric_validation = true
    }
  }
}

locals {
  grafana = jsondecode(file("${path.module}/../../monitoring/dashboard.json"))

  # What Grafana puts into expressions. The name of the log is the job.
  chosen = {
    "$job"             = var.name
    "$instance"        = ".*"
    "$__rate_interval" = "5m"
  }

  # Panels without alerts' own series, which Cloud Monitoring does not keep as metrics.
  panels = [
    for panel in local.grafana.panels : panel
    if can(panel.targets) && !anytrue([for target in try(panel.targets, []) : strcontains(target.expr, "ALERTS")])
  ]
}

resource "google_monitoring_dashboard" "writers" {
  count = local.is_watched ? 1 : 0

  project = var.project_id

  dashboard_json = jsonencode({
    displayName = "${var.name}: writers"
    gridLayout = {
      columns = 2
      widgets = [
        for panel in local.panels : {
          title = panel.title
          xyChart = {
            dataSets = [
              for target in panel.targets : {
                legendTemplate = try(replace(target.legendFormat, "/{{ *(\\w+) *}}/", "$${labels.$1}"), "")
                timeSeriesQuery = {
                  prometheusQuery = join("", [
                    for word in regexall("\\$\\w+|[^$]+", target.expr) : lookup(local.chosen, word, word)
                  ])
                }
              }
            ]
          }
        }
      ]
    }
  })
}
