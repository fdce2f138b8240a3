output "store_url" {
  description = "The log's --store."
  value       = module.log.store_url
}

output "key_secret_arn" {
  description = "Where to put the log's key file."
  value       = module.log.key_secret_arn
}

output "distribution_domain_name" {
  description = "What domain_name must point to."
  value       = module.log.distribution_domain_name
}
