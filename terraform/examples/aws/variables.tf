variable "region" {
  description = "Where the bucket and the writers are."
  type        = string
}

variable "domain_name" {
  description = "The log's host name and origin."
  type        = string
}

variable "certificate_arn" {
  description = "ACM certificate for domain_name, in us-east-1."
  type        = string
}

variable "zone_id" {
  description = "Route 53 zone of domain_name."
  type        = string
  default     = null
}

variable "bucket_name" {
  description = "The bucket to create."
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

variable "vpc_id" {
  description = "The VPC of the writers."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets of the VPC, in at least two zones."
  type        = list(string)
}

variable "route_table_ids" {
  description = "Route tables of these subnets."
  type        = list(string)
}
