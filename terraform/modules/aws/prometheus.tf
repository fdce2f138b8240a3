# What the writers say of themselves: an agent beside each of them sends their metrics to managed
# Prometheus, which watches them by the rules of terraform/monitoring and tells `notify`.
locals {
  is_watched = var.managed_prometheus
  alerts     = "${path.module}/../../monitoring/alerts.yaml"

  # WRITER is put in when the agent starts. The job is the log.
  agent = yamlencode({
    global = { scrape_interval = "30s" }
    scrape_configs = [{
      job_name       = var.name
      static_configs = [{ targets = ["127.0.0.1:${local.metrics_port}"], labels = { instance = "WRITER" } }]
    }]
    remote_write = [{
      url   = local.is_watched ? "${aws_prometheus_workspace.log[0].prometheus_endpoint}api/v1/remote_write" : ""
      sigv4 = { region = data.aws_region.current.region }
    }]
  })

  agent_containers = local.is_watched ? [{
    name          = "agent"
    image         = var.agent_image
    essential     = false
    restartPolicy = { enabled = true }
    entryPoint    = ["/bin/sh", "-c"]
    command = [
      "printf %s \"$AGENT\" | sed \"s/WRITER/$(hostname)/\" >/tmp/agent.yaml && exec prometheus --agent --config.file=/tmp/agent.yaml --storage.agent.path=/tmp/agent"
    ]
    environment      = [{ name = "AGENT", value = local.agent }]
    logConfiguration = merge(local.log_configuration, { options = merge(local.log_configuration.options, { awslogs-stream-prefix = "agent" }) })
  }] : []
}

resource "aws_prometheus_workspace" "log" {
  count = local.is_watched ? 1 : 0

  alias = var.name
  tags  = var.tags
}

resource "aws_prometheus_rule_group_namespace" "log" {
  count = local.is_watched ? 1 : 0

  name         = "fasti"
  workspace_id = aws_prometheus_workspace.log[0].id
  data         = file(local.alerts)
  tags         = var.tags
}

resource "aws_prometheus_alert_manager_definition" "log" {
  count = local.is_watched && length(var.notify) > 0 ? 1 : 0

  workspace_id = aws_prometheus_workspace.log[0].id

  definition = yamlencode({
    alertmanager_config = yamlencode({
      route = { receiver = "notify", group_by = ["job", "alertname"] }
      receivers = [{
        name        = "notify"
        sns_configs = [for topic in var.notify : { topic_arn = topic, sigv4 = { region = data.aws_region.current.region } }]
      }]
    })
  })
}

data "aws_iam_policy_document" "report" {
  count = local.is_watched ? 1 : 0

  statement {
    actions   = ["aps:RemoteWrite"]
    resources = [aws_prometheus_workspace.log[0].arn]
  }
}

resource "aws_iam_role_policy" "report" {
  count = local.is_watched ? 1 : 0

  name   = "report"
  role   = aws_iam_role.writer.id
  policy = data.aws_iam_policy_document.report[0].json
}
