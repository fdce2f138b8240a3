variable "project_id" {
  description = "The project in which everything is made."
  type        = string
}

variable "region" {
  description = "Where the writers run."
  type        = string
}

variable "name" {
  description = "Begins the name of everything that is made."
  type        = string
  default     = "fasti"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "3 to 20 lower-case letters, digits and hyphens, beginning with a letter."
  }
}

variable "domain_name" {
  description = "The log's host name. It is also the log's origin, which it keeps for ever."
  type        = string
}

variable "bucket_name" {
  description = "The bucket. It is made, and holds this log alone."
  type        = string
}

variable "bucket_location" {
  description = "Where the bucket lies. Best the writers' region, or a pair of regions that holds it."
  type        = string
}

variable "prefix" {
  description = "Where in the bucket the log lies."
  type        = string
  default     = "log"

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9-]*(/[A-Za-z0-9][A-Za-z0-9-]*)*$", var.prefix))
    error_message = "Not empty, letters, digits and hyphens, no slash at either end."
  }
}

variable "soft_delete_days" {
  description = "How long what was deleted can be had back, and is paid for: 0 for not at all, or 7 to 90."
  type        = number
  default     = 7

  validation {
    condition     = var.soft_delete_days == 0 || (var.soft_delete_days >= 7 && var.soft_delete_days <= 90)
    error_message = "0, or 7 to 90."
  }
}

variable "image" {
  description = "The writer's container image; its entry point is fasti-writer."
  type        = string
}

variable "writer_count" {
  description = "How many writers run. 0 until the key is in place."
  type        = number
  default     = 3

  validation {
    condition     = var.writer_count >= 0 && var.writer_count <= 20
    error_message = "0 to 20."
  }
}

variable "machine_type" {
  description = "The machine of one writer."
  type        = string
  default     = "e2-standard-2"
}

variable "machine_image" {
  description = "What the machines boot: container-optimised OS."
  type        = string
  default     = "projects/cos-cloud/global/images/family/cos-stable"
}

variable "disk_gb" {
  description = "The disk of one writer, which holds the deduplication index."
  type        = number
  default     = 30
}

variable "network" {
  description = "The VPC network of the writers."
  type        = string
}

variable "subnetwork" {
  description = "The subnetwork of the writers, with Private Google Access or Cloud NAT: they have no public address."
  type        = string
}

variable "public_submissions" {
  description = "Whether the load balancer takes submissions. Without it only submitter_source_ranges can submit."
  type        = bool
  default     = true
}

variable "submitter_source_ranges" {
  description = "Networks that may submit to the writers directly."
  type        = list(string)
  default     = []
}

variable "accept_opaque" {
  description = "Whether POST /add takes opaque entries."
  type        = bool
  default     = false
}

variable "security_policy" {
  description = "Cloud Armor policy for submissions: the place for rate limits per client."
  type        = string
  default     = null
}

variable "drain_seconds" {
  description = "How long a writer that is stopped may take to answer those who wait."
  type        = number
  default     = 30

  validation {
    condition     = var.drain_seconds >= 1 && var.drain_seconds <= 60
    error_message = "1 to 60: a machine is turned off about 90 seconds after it was told to stop."
  }
}

variable "startup_seconds" {
  description = "How long a writer may take until it answers. It reads the log to build its deduplication index."
  type        = number
  default     = 600
}

variable "checkpoint_seconds" {
  description = "How long the CDN keeps the checkpoint, and whatever else is not a tile."
  type        = number
  default     = 2

  validation {
    condition     = var.checkpoint_seconds >= 1 && var.checkpoint_seconds <= 60
    error_message = "1 to 60."
  }
}

variable "metrics_source_ranges" {
  description = "Networks of the Prometheus servers that scrape the writers, on port 9000. None: no metrics."
  type        = list(string)
  default     = []
}

variable "environment" {
  description = "Further flags of the writer, as environment variables: { FASTI_BATCH_MAX_ENTRIES = \"8192\" }."
  type        = map(string)
  default     = {}
}

variable "labels" {
  description = "Labels of everything that can have some."
  type        = map(string)
  default     = {}
}
