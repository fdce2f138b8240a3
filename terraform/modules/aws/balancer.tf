# Submissions go to any writer that is ready. The load balancer is internal: CloudFront reaches it
# inside the VPC, so it needs neither a public address nor a certificate.
resource "aws_lb" "writers" {
  name               = "${var.name}-writers"
  internal           = true
  load_balancer_type = "application"
  subnets            = var.subnet_ids
  security_groups    = [aws_security_group.balancer.id]

  # Longer than a writer takes to publish a batch.
  idle_timeout = 75
  tags         = var.tags
}

resource "aws_lb_target_group" "writers" {
  name                          = "${var.name}-writers"
  vpc_id                        = var.vpc_id
  target_type                   = "ip"
  protocol                      = "HTTP"
  port                          = local.writer_port
  load_balancing_algorithm_type = "least_outstanding_requests"
  deregistration_delay          = var.drain_seconds
  tags                          = var.tags

  health_check {
    path                = "/readyz"
    matcher             = "200"
    interval            = 5
    timeout             = 3
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }
}

# Only submissions pass, preflights of browsers that ask whether a page can submit, and Rekor v1's
# API. The writers' own traffic is private, and reads go through CloudFront.
resource "aws_lb_listener" "writers" {
  load_balancer_arn = aws_lb.writers.arn
  protocol          = "HTTP"
  port              = 80
  tags              = var.tags

  default_action {
    type = "fixed-response"

    fixed_response {
      content_type = "text/plain"
      message_body = "not found"
      status_code  = "404"
    }
  }
}

resource "aws_lb_listener_rule" "submissions" {
  listener_arn = aws_lb_listener.writers.arn
  priority     = 1
  tags         = var.tags

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.writers.arn
  }

  condition {
    path_pattern {
      values = local.submission_paths
    }
  }

  condition {
    http_request_method {
      values = ["POST", "OPTIONS"]
    }
  }
}

resource "aws_lb_listener_rule" "rekor_v1" {
  listener_arn = aws_lb_listener.writers.arn
  priority     = 2
  tags         = var.tags

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.writers.arn
  }

  condition {
    path_pattern {
      values = local.rekor_v1_paths
    }
  }

  condition {
    http_request_method {
      values = ["GET", "HEAD", "POST", "OPTIONS"]
    }
  }
}
