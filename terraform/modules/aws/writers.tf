# The writers are all alike; they agree among themselves, through the bucket, on who leads. On disk
# they keep the deduplication index, which can be lost.
locals {
  writer_environment = merge(
    {
      AWS_REGION          = data.aws_region.current.region
      FASTI_STORE         = local.store_url
      FASTI_ORIGIN        = var.domain_name
      FASTI_LISTEN        = "0.0.0.0:${local.writer_port}"
      FASTI_ADVERTISE     = "auto"
      FASTI_STATE_DIR     = "/tmp/fasti"
      FASTI_DRAIN_SECONDS = tostring(var.drain_seconds)
      FASTI_LOG_FORMAT    = "json"

      # The load balancer and CloudFront name the client that they forward for.
      FASTI_TRUSTED_PROXIES = join(",", data.aws_subnet.writers[*].cidr_block)
    },
    local.key_service,
    local.metrics_on ? { FASTI_METRICS_LISTEN = "0.0.0.0:${local.metrics_port}" } : {},
    var.accept_opaque ? { FASTI_ACCEPT_OPAQUE = "true" } : {},
    local.is_witnessed ? { FASTI_WITNESS_POLICY = "/files/witness.policy" } : {},
    var.environment,
  )

  metrics_on   = var.managed_prometheus || length(var.metrics_security_group_ids) > 0
  is_witnessed = var.witness_policy != null

  log_configuration = {
    logDriver = "awslogs"
    options = {
      awslogs-group         = aws_cloudwatch_log_group.writers.name
      awslogs-region        = data.aws_region.current.region
      awslogs-stream-prefix = "writer"
    }
  }

  # A task has no files but those of its images. So the policy of the witnesses is a variable of a
  # container that writes it down and ends before the writer starts.
  file_containers = local.is_witnessed ? [{
    name             = "files"
    image            = var.agent_image
    essential        = false
    user             = "0:0"
    entryPoint       = ["/bin/sh", "-c"]
    command          = ["printf '%s' \"$WITNESS_POLICY\" >/files/witness.policy"]
    environment      = [{ name = "WITNESS_POLICY", value = var.witness_policy }]
    mountPoints      = [{ sourceVolume = "files", containerPath = "/files" }]
    logConfiguration = local.log_configuration
  }] : []
}

resource "aws_cloudwatch_log_group" "writers" {
  name              = "/fasti/${var.name}"
  retention_in_days = var.log_retention_days
  tags              = var.tags
}

resource "aws_ecs_cluster" "writers" {
  name = var.name
  tags = var.tags
}

resource "aws_ecs_task_definition" "writer" {
  family                   = "${var.name}-writer"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.writer_cpu
  memory                   = var.writer_memory
  execution_role_arn       = aws_iam_role.starter.arn
  task_role_arn            = aws_iam_role.writer.arn
  tags                     = var.tags

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.architecture
  }

  dynamic "volume" {
    for_each = local.is_witnessed ? ["files"] : []

    content {
      name = volume.value
    }
  }

  container_definitions = jsonencode(concat(local.file_containers, local.agent_containers, [{
    name       = "writer"
    image      = var.image
    essential  = true
    user       = "65532:65532"
    entryPoint = ["fasti-writer"]

    portMappings = [{ containerPort = local.writer_port, protocol = "tcp" }]
    environment  = [for key in sort(keys(local.writer_environment)) : { name = key, value = local.writer_environment[key] }]
    secrets      = [{ name = local.secret_name, valueFrom = aws_secretsmanager_secret.key.arn }]
    mountPoints  = [for each in local.file_containers : { sourceVolume = "files", containerPath = "/files", readOnly = true }]
    dependsOn    = [for each in local.file_containers : { containerName = each.name, condition = "SUCCESS" }]

    # Longer than a drain, so that no waiting client is cut off.
    stopTimeout = var.drain_seconds + 15

    logConfiguration = local.log_configuration
  }]))
}

resource "aws_ecs_service" "writers" {
  name            = "${var.name}-writers"
  cluster         = aws_ecs_cluster.writers.id
  task_definition = aws_ecs_task_definition.writer.arn
  desired_count   = var.writer_count
  launch_type     = "FARGATE"
  propagate_tags  = "SERVICE"
  tags            = var.tags

  # One new writer at a time, and an old one stops only when the new one is ready.
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = ceil(100 * (var.writer_count + 1) / max(var.writer_count, 1))
  health_check_grace_period_seconds  = var.startup_seconds

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets         = var.subnet_ids
    security_groups = [aws_security_group.writers.id]
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.writers.arn
    container_name   = "writer"
    container_port   = local.writer_port
  }

  # The service can use its target group only after a listener does, and its tasks need their
  # permissions when they start.
  depends_on = [
    aws_lb_listener_rule.submissions,
    aws_lb_listener_rule.rekor_v1,
    aws_iam_role_policy.key,
    aws_iam_role_policy.sign,
    aws_iam_role_policy_attachment.starter,
    aws_iam_role_policy_attachment.writer,
    aws_s3_bucket_policy.log,
  ]
}
