# What the writers say of themselves: an agent beside each of them sends their metrics to managed
# Prometheus, which watches them by the rules of terraform/monitoring and tells `notify`.
locals {
  is_watched = var.managed_prometheus
  groups     = { for group in yamldecode(file("${path.module}/../../monitoring/alerts.yaml")).groups : group.name => group.rules if local.is_watched }
  severities = { critical = 0, warning = 2, info = 4 }

  # WRITER is put in when the agent starts. The job is the log.
  agent = yamlencode({
    global = { scrape_interval = "30s" }
    scrape_configs = [{
      job_name       = var.name
      static_configs = [{ targets = ["127.0.0.1:${local.metrics_port}"], labels = { instance = "WRITER" } }]
    }]
    remote_write = [{
      url = !local.is_watched ? "" : join("/", [
        azurerm_monitor_data_collection_endpoint.metrics[0].metrics_ingestion_endpoint, "dataCollectionRules",
        azurerm_monitor_data_collection_rule.metrics[0].immutable_id,
        "streams/Microsoft-PrometheusMetrics/api/v1/write?api-version=2023-04-24",
      ])
      azuread = { cloud = "AzurePublic", managed_identity = { client_id = azurerm_user_assigned_identity.writer.client_id } }
    }]
  })
  agent_command = "${var.agent_image} --agent --config.file=/agent.yaml --storage.agent.path=/data --web.listen-address=127.0.0.1:9090"
}

resource "azurerm_monitor_workspace" "log" {
  count = local.is_watched ? 1 : 0

  resource_group_name = var.resource_group_name
  location            = var.location
  name                = var.name
  tags                = var.tags
}

resource "azurerm_monitor_data_collection_endpoint" "metrics" {
  count = local.is_watched ? 1 : 0

  resource_group_name = var.resource_group_name
  location            = var.location
  name                = "${var.name}-metrics"
  tags                = var.tags
}

resource "azurerm_monitor_data_collection_rule" "metrics" {
  count = local.is_watched ? 1 : 0

  resource_group_name         = var.resource_group_name
  location                    = var.location
  name                        = "${var.name}-metrics"
  data_collection_endpoint_id = azurerm_monitor_data_collection_endpoint.metrics[0].id
  tags                        = var.tags

  destinations {
    monitor_account {
      name               = "workspace"
      monitor_account_id = azurerm_monitor_workspace.log[0].id
    }
  }

  data_flow {
    streams      = ["Microsoft-PrometheusMetrics"]
    destinations = ["workspace"]
  }

  data_sources {
    prometheus_forwarder {
      name    = "writers"
      streams = ["Microsoft-PrometheusMetrics"]
    }
  }
}

resource "azurerm_role_assignment" "writer_reports" {
  count = local.is_watched ? 1 : 0

  scope                = azurerm_monitor_data_collection_rule.metrics[0].id
  role_definition_name = "Monitoring Metrics Publisher"
  principal_id         = azurerm_user_assigned_identity.writer.principal_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_monitor_alert_prometheus_rule_group" "log" {
  for_each = local.groups

  resource_group_name = var.resource_group_name
  location            = var.location
  name                = "${var.name}-${each.key}"
  scopes              = [azurerm_monitor_workspace.log[0].id]
  interval            = "PT1M"
  tags                = var.tags

  dynamic "rule" {
    for_each = each.value

    content {
      record      = try(rule.value.record, null)
      alert       = try(rule.value.alert, null)
      expression  = rule.value.expr
      for         = can(rule.value.alert) ? "PT${upper(try(rule.value.for, "0m"))}" : null
      labels      = try(rule.value.labels, null)
      annotations = try(rule.value.annotations, null)
      severity    = can(rule.value.alert) ? local.severities[rule.value.labels.severity] : null

      dynamic "action" {
        for_each = can(rule.value.alert) ? var.notify : []

        content {
          action_group_id = action.value
        }
      }
    }
  }
}
