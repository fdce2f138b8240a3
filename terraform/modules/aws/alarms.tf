# What CloudWatch knows without asking the writers. Prometheus knows more: prometheus.tf.
locals {
  balancer_dimensions = { LoadBalancer = aws_lb.writers.arn_suffix }
  writers_dimensions = {
    LoadBalancer = aws_lb.writers.arn_suffix
    TargetGroup  = aws_lb_target_group.writers.arn_suffix
  }

  # `missing` says whether an alarm without data rings.
  alarms = {
    errors = {
      says       = "Writers answer submissions with 5xx."
      metric     = "AWS/ApplicationELB/HTTPCode_Target_5XX_Count"
      statistic  = "Sum"
      above      = 10
      dimensions = local.writers_dimensions
      missing    = "notBreaching"
    }
    refusals = {
      says       = "The load balancer has no writer to pass submissions to, or waits in vain."
      metric     = "AWS/ApplicationELB/HTTPCode_ELB_5XX_Count"
      statistic  = "Sum"
      above      = 10
      dimensions = local.balancer_dimensions
      missing    = "notBreaching"
    }
    slow = {
      says       = "One in a hundred submissions is answered later than after 2 s."
      metric     = "AWS/ApplicationELB/TargetResponseTime"
      statistic  = "p99"
      above      = 2
      dimensions = local.writers_dimensions
      missing    = "notBreaching"
    }
    unready = {
      says       = "A writer runs and is not ready."
      metric     = "AWS/ApplicationELB/UnHealthyHostCount"
      statistic  = "Maximum"
      above      = 0
      dimensions = local.writers_dimensions
      missing    = "breaching"
    }
    bucket = {
      says       = "S3 fails to answer."
      metric     = "AWS/S3/5xxErrors"
      statistic  = "Sum"
      above      = 10
      dimensions = { BucketName = aws_s3_bucket.log.bucket, FilterId = "all" }
      missing    = "notBreaching"
    }
  }
}

# S3 counts requests only where it is told to.
resource "aws_s3_bucket_metric" "all" {
  count = var.alarms ? 1 : 0

  bucket = aws_s3_bucket.log.id
  name   = "all"
}

resource "aws_cloudwatch_metric_alarm" "log" {
  for_each = { for name, alarm in local.alarms : name => alarm if var.alarms && var.writer_count > 0 }

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.says
  namespace           = dirname(each.value.metric)
  metric_name         = basename(each.value.metric)
  dimensions          = each.value.dimensions
  statistic           = startswith(each.value.statistic, "p") ? null : each.value.statistic
  extended_statistic  = startswith(each.value.statistic, "p") ? each.value.statistic : null
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.above
  period              = 60
  evaluation_periods  = 10
  datapoints_to_alarm = 5
  treat_missing_data  = each.value.missing
  alarm_actions       = var.notify
  ok_actions          = var.notify
  tags                = var.tags
}

locals {
  # CloudFront's figures are all in one region.
  charts = {
    "Requests to the writers" = { region = data.aws_region.current.region, metrics = [
      ["AWS/ApplicationELB", "RequestCount", "LoadBalancer", aws_lb.writers.arn_suffix, { stat = "Sum" }],
      ["AWS/ApplicationELB", "HTTPCode_Target_4XX_Count", "LoadBalancer", aws_lb.writers.arn_suffix, { stat = "Sum" }],
      ["AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "LoadBalancer", aws_lb.writers.arn_suffix, { stat = "Sum" }],
      ["AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", "LoadBalancer", aws_lb.writers.arn_suffix, { stat = "Sum" }],
    ] }
    "Seconds until they answer" = { region = data.aws_region.current.region, metrics = [
      ["AWS/ApplicationELB", "TargetResponseTime", "LoadBalancer", aws_lb.writers.arn_suffix, { stat = "p50" }],
      ["AWS/ApplicationELB", "TargetResponseTime", "LoadBalancer", aws_lb.writers.arn_suffix, { stat = "p99" }],
    ] }
    "Writers" = { region = data.aws_region.current.region, metrics = [
      ["AWS/ApplicationELB", "HealthyHostCount", "TargetGroup", aws_lb_target_group.writers.arn_suffix, "LoadBalancer", aws_lb.writers.arn_suffix, { stat = "Minimum" }],
      ["AWS/ApplicationELB", "UnHealthyHostCount", "TargetGroup", aws_lb_target_group.writers.arn_suffix, "LoadBalancer", aws_lb.writers.arn_suffix, { stat = "Maximum" }],
    ] }
    "CPU and memory of the writers, in %" = { region = data.aws_region.current.region, metrics = [
      ["AWS/ECS", "CPUUtilization", "ClusterName", aws_ecs_cluster.writers.name, "ServiceName", aws_ecs_service.writers.name, { stat = "Maximum" }],
      ["AWS/ECS", "MemoryUtilization", "ClusterName", aws_ecs_cluster.writers.name, "ServiceName", aws_ecs_service.writers.name, { stat = "Maximum" }],
    ] }
    "Requests of readers" = { region = "us-east-1", metrics = [
      ["AWS/CloudFront", "Requests", "DistributionId", aws_cloudfront_distribution.log.id, "Region", "Global", { stat = "Sum" }],
    ] }
    "Errors that readers and submitters see, in %" = { region = "us-east-1", metrics = [
      ["AWS/CloudFront", "4xxErrorRate", "DistributionId", aws_cloudfront_distribution.log.id, "Region", "Global", { stat = "Average" }],
      ["AWS/CloudFront", "5xxErrorRate", "DistributionId", aws_cloudfront_distribution.log.id, "Region", "Global", { stat = "Average" }],
    ] }
    "Requests to the bucket" = { region = data.aws_region.current.region, metrics = [
      for metric in ["GetRequests", "PutRequests", "DeleteRequests", "4xxErrors", "5xxErrors"] :
      ["AWS/S3", metric, "BucketName", aws_s3_bucket.log.bucket, "FilterId", "all", { stat = "Sum" }]
    ] }
  }
}

resource "aws_cloudwatch_dashboard" "log" {
  count = var.alarms ? 1 : 0

  dashboard_name = var.name

  dashboard_body = jsonencode({
    widgets = [
      for at, title in keys(local.charts) : {
        type       = "metric"
        x          = 12 * (at % 2)
        y          = 6 * floor(at / 2)
        width      = 12
        height     = 6
        properties = merge(local.charts[title], { title = title, period = 60, view = "timeSeries" })
      }
    ]
  })
}
