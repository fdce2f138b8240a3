# What Azure Monitor knows without asking the writers. Prometheus knows more: prometheus.tf.
locals {
  alarms = {
    errors = {
      says = "Readers or submitters get answers of 5xx.", of = azurerm_cdn_frontdoor_profile.log.id
      in   = "Microsoft.Cdn/profiles", metric = "Percentage5XX", by = "Average", is = "GreaterThan", limit = 1
    }
    slow = {
      says = "Answers of the writers or the container take more than 2 s on average.", of = azurerm_cdn_frontdoor_profile.log.id
      in   = "Microsoft.Cdn/profiles", metric = "OriginLatency", by = "Average", is = "GreaterThan", limit = 2000
    }
    unready = {
      says = "Writers are not ready.", of = azurerm_lb.writers.id
      in   = "Microsoft.Network/loadBalancers", metric = "DipAvailability", by = "Average", is = "LessThan", limit = 90
    }
    bucket = {
      says = "Blob Storage fails to answer.", of = "${azurerm_storage_account.log.id}/blobServices/default"
      in   = "Microsoft.Storage/storageAccounts/blobServices", metric = "Availability", by = "Average", is = "LessThan", limit = 99
    }
  }
}

resource "azurerm_monitor_metric_alert" "log" {
  for_each = { for name, alarm in local.alarms : name => alarm if var.alarms }

  resource_group_name = var.resource_group_name
  name                = "${var.name}-${each.key}"
  description         = each.value.says
  scopes              = [each.value.of]
  severity            = 1
  frequency           = "PT1M"
  window_size         = "PT5M"
  tags                = var.tags

  criteria {
    metric_namespace = each.value.in
    metric_name      = each.value.metric
    aggregation      = each.value.by
    operator         = each.value.is
    threshold        = each.value.limit
  }

  dynamic "action" {
    for_each = var.notify

    content {
      action_group_id = action.value
    }
  }
}

resource "azurerm_portal_dashboard" "log" {
  count = var.alarms ? 1 : 0

  resource_group_name = var.resource_group_name
  location            = var.location
  name                = var.name
  tags                = merge(var.tags, { hidden-title = var.name })

  dashboard_properties = jsonencode({
    lenses = {
      "0" = {
        order = 0
        parts = {
          for at, name in keys(local.alarms) : tostring(at) => {
            position = { x = 6 * (at % 2), y = 4 * floor(at / 2), colSpan = 6, rowSpan = 4 }
            metadata = {
              type   = "Extension/HubsExtension/PartType/MonitorChartPart"
              inputs = [{ name = "sharedTimeRange", isOptional = true }]
              settings = {
                content = {
                  options = {
                    chart = {
                      title            = local.alarms[name].says
                      visualization    = { chartType = 2 }
                      openBladeOnClick = { openBlade = true }
                      metrics = [{
                        resourceMetadata    = { id = local.alarms[name].of }
                        namespace           = lower(local.alarms[name].in)
                        name                = local.alarms[name].metric
                        aggregationType     = 4
                        metricVisualization = { displayName = local.alarms[name].metric }
                      }]
                    }
                  }
                }
              }
            }
          }
        }
      }
    }
    metadata = { model = {} }
  })
}
