output "store_url" {
  description = "The log's --store."
  value       = local.store_url
}

output "bucket" {
  description = "The bucket's name."
  value       = google_storage_bucket.log.name
}

output "key_secret_id" {
  description = "Where to put the log's key file, or the peer secret if a key service has the key."
  value       = google_secret_manager_secret.key.secret_id
}

output "writer_service_account" {
  description = "The writers' service account. Let it pull the image."
  value       = google_service_account.writer.email
}

output "address" {
  description = "What domain_name must point to."
  value       = google_compute_global_address.log.address
}
