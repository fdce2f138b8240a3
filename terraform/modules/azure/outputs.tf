output "store_url" {
  description = "The log's --store. AZURE_STORAGE_ACCOUNT_NAME must be the account's name."
  value       = local.store_url
}

output "bucket" {
  description = "The storage account's name."
  value       = azurerm_storage_account.log.name
}

output "key_secret_id" {
  description = "Where to put the log's key file."
  value       = local.secret_url
}

output "writer_principal_id" {
  description = "The writers' identity. Let it pull the image (AcrPull)."
  value       = azurerm_user_assigned_identity.writer.principal_id
}

output "endpoint_host_name" {
  description = "What domain_name must point to, by a CNAME."
  value       = azurerm_cdn_frontdoor_endpoint.log.host_name
}

output "validation_token" {
  description = "The TXT record of _dnsauth.domain_name, by which Azure issues the certificate."
  value       = azurerm_cdn_frontdoor_custom_domain.log.validation_token
}

output "prometheus_endpoint" {
  description = "Where Grafana finds the writers' metrics, if managed Prometheus has them."
  value       = one(azurerm_monitor_workspace.log[*].query_endpoint)
}

output "submission_url" {
  description = "Where submitters inside the network reach the writers, without public submissions."
  value       = var.public_submissions ? null : "http://${azurerm_lb.writers.private_ip_address}"
}
