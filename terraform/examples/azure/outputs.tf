output "store_url" {
  description = "The log's --store."
  value       = module.log.store_url
}

output "key_secret_id" {
  description = "Where to put the log's key file."
  value       = module.log.key_secret_id
}

output "writer_principal_id" {
  description = "The writers' identity. Let it pull the image."
  value       = module.log.writer_principal_id
}

output "endpoint_host_name" {
  description = "What domain_name must point to."
  value       = module.log.endpoint_host_name
}

output "validation_token" {
  description = "The TXT record of _dnsauth.domain_name."
  value       = module.log.validation_token
}
