variable "project_id" {
  description = "The project for all resources."
  type        = string
}

variable "region" {
  description = "Where the bucket and the writers are."
  type        = string
}

variable "domain_name" {
  description = "The log's host name and origin."
  type        = string
}

variable "bucket_name" {
  description = "The bucket to create."
  type        = string
}

variable "image" {
  description = "The writer's container image, in repository."
  type        = string
}

variable "repository" {
  description = "The Artifact Registry repository of the image, in the same project and region."
  type        = string
}

variable "writer_count" {
  description = "How many writers run. 0 until the key is in place."
  type        = number
  default     = 3
}
