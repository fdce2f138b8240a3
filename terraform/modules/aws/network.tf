# Who reaches whom: the world reaches CloudFront, CloudFront the load balancer, the load balancer
# the writers, and the writers each other.

# What CloudFront connects from.
data "aws_ec2_managed_prefix_list" "cloudfront" {
  name = "com.amazonaws.global.cloudfront.origin-facing"
}

# Where the load balancer is, and CloudFront's way to it. Only these may name the client that they
# forward for.
data "aws_subnet" "writers" {
  count = length(var.subnet_ids)
  id    = var.subnet_ids[count.index]
}

resource "aws_security_group" "balancer" {
  name        = "${var.name}-balancer"
  description = "Submissions to the writers"
  vpc_id      = var.vpc_id
  tags        = var.tags
}

resource "aws_vpc_security_group_ingress_rule" "balancer_from_cloudfront" {
  count = var.public_submissions ? 1 : 0

  security_group_id = aws_security_group.balancer.id
  prefix_list_id    = data.aws_ec2_managed_prefix_list.cloudfront.id
  ip_protocol       = "tcp"
  from_port         = 80
  to_port           = 80
}

resource "aws_vpc_security_group_ingress_rule" "balancer_from_submitters" {
  for_each = toset(var.submitter_cidr_blocks)

  security_group_id = aws_security_group.balancer.id
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 80
  to_port           = 80
}

resource "aws_vpc_security_group_egress_rule" "balancer_to_writers" {
  security_group_id            = aws_security_group.balancer.id
  referenced_security_group_id = aws_security_group.writers.id
  ip_protocol                  = "tcp"
  from_port                    = local.writer_port
  to_port                      = local.writer_port
}

resource "aws_security_group" "writers" {
  name        = "${var.name}-writers"
  description = "Writers of the log"
  vpc_id      = var.vpc_id
  tags        = var.tags
}

resource "aws_vpc_security_group_ingress_rule" "writers_from_balancer" {
  security_group_id            = aws_security_group.writers.id
  referenced_security_group_id = aws_security_group.balancer.id
  ip_protocol                  = "tcp"
  from_port                    = local.writer_port
  to_port                      = local.writer_port
}

# Followers forward submissions to the leader.
resource "aws_vpc_security_group_ingress_rule" "writers_from_writers" {
  security_group_id            = aws_security_group.writers.id
  referenced_security_group_id = aws_security_group.writers.id
  ip_protocol                  = "tcp"
  from_port                    = local.writer_port
  to_port                      = local.writer_port
}

resource "aws_vpc_security_group_ingress_rule" "writers_from_metrics" {
  for_each = toset(var.metrics_security_group_ids)

  security_group_id            = aws_security_group.writers.id
  referenced_security_group_id = each.value
  ip_protocol                  = "tcp"
  from_port                    = local.metrics_port
  to_port                      = local.metrics_port
}

# S3, Secrets Manager, CloudWatch Logs, the image's registry, and each other.
resource "aws_vpc_security_group_egress_rule" "writers" {
  security_group_id = aws_security_group.writers.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}
