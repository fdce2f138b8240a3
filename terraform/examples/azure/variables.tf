variable "subscription_id" {
  description = "The subscription for all resources."
  type        = string
}

variable "region" {
  description = "Where the container and the writers are."
  type        = string
}

variable "domain_name" {
  description = "The log's host name and origin."
  type        = string
}

variable "bucket_name" {
  description = "The storage account to create."
  type        = string
}

variable "image" {
  description = "The writer's container image."
  type        = string
}

variable "writer_count" {
  description = "How many writers run. 0 until the key is in place."
  type        = number
  default     = 3
}

variable "ssh_public_key" {
  description = "An SSH key for the machines."
  type        = string
}
