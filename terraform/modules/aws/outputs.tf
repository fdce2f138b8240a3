output "store_url" {
  description = "The log's --store."
  value       = local.store_url
}

output "bucket" {
  description = "The bucket's name."
  value       = aws_s3_bucket.log.bucket
}

output "key_secret_arn" {
  description = "Where to put the log's key file, or the peer secret if a key service has the key."
  value       = aws_secretsmanager_secret.key.arn
}

output "writer_policy_arn" {
  description = "The writers' permissions, to attach to the roles of writers elsewhere."
  value       = aws_iam_policy.writer.arn
}

output "writer_security_group_id" {
  description = "The security group of the writers."
  value       = aws_security_group.writers.id
}

output "submission_url" {
  description = "Where submitters inside the VPC reach the writers."
  value       = "http://${aws_lb.writers.dns_name}"
}

output "distribution_id" {
  description = "The CloudFront distribution."
  value       = aws_cloudfront_distribution.log.id
}

output "distribution_domain_name" {
  description = "What domain_name must point to."
  value       = aws_cloudfront_distribution.log.domain_name
}

output "prometheus_endpoint" {
  description = "Where Grafana finds the writers' metrics, if managed Prometheus has them."
  value       = one(aws_prometheus_workspace.log[*].prometheus_endpoint)
}
