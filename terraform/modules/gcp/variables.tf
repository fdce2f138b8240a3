variable "project_id" {
  description = "The project for all resources."
  type        = string
}

variable "region" {
  description = "Where the writers run."
  type        = string
}

variable "name" {
  description = "Prefix for the names of all resources."
  type        = string
  default     = "fasti"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "3 to 20 lower-case letters, digits and hyphens, beginning with a letter."
  }
}

variable "domain_name" {
  description = "The log's host name. It is also the log's origin and can never change."
  type        = string
}

variable "bucket_name" {
  description = "The bucket. It is created, and holds only this log."
  type        = string
}

variable "bucket_location" {
  description = "Location of the bucket. Best the writers' region, or a dual-region that includes it."
  type        = string
}

variable "prefix" {
  description = "Where in the bucket the log is."
  type        = string
  default     = "log"

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9-]*(/[A-Za-z0-9][A-Za-z0-9-]*)*$", var.prefix))
    error_message = "Must not be empty; letters, digits, hyphens and slashes, with no slash at either end."
  }
}

variable "soft_delete_days" {
  description = "How many days deleted objects can be restored, and are paid for: 0 for none, or 7 to 90."
  type        = number
  default     = 7

  validation {
    condition     = var.soft_delete_days == 0 || (var.soft_delete_days >= 7 && var.soft_delete_days <= 90)
    error_message = "0, or 7 to 90."
  }
}

variable "image" {
  description = "The writer's container image, as terraform/image makes it."
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

variable "kms_key_version" {
  description = "The log's key in Cloud KMS, if it is there: projects/.../cryptoKeyVersions/N. The secret is then what the writers know each other by."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_version == null || can(regex("^projects/.+/cryptoKeys/[^/]+/cryptoKeyVersions/[0-9]+$", var.kms_key_version))
    error_message = "projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/N."
  }
}

variable "witness_policy" {
  description = "The witnesses that cosign each checkpoint: the text of a policy (C2SP tlog-policy)."
  type        = string
  default     = null
}

variable "machine_type" {
  description = "The machine of one writer."
  type        = string
  default     = "e2-standard-2"
}

variable "machine_image" {
  description = "The boot image of the machines: Container-Optimized OS."
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
  description = "Whether the load balancer accepts submissions. If not, only submitter_source_ranges can submit."
  type        = bool
  default     = true
}

variable "submitter_source_ranges" {
  description = "Networks that can submit to the writers directly."
  type        = list(string)
  default     = []
}

variable "accept_opaque" {
  description = "Whether POST /add accepts opaque entries."
  type        = bool
  default     = false
}

variable "security_policy" {
  description = "Cloud Armor policy for submissions: the place for rate limits per client."
  type        = string
  default     = null
}

variable "drain_seconds" {
  description = "How long a stopping writer has to answer waiting clients."
  type        = number
  default     = 30

  validation {
    condition     = var.drain_seconds >= 1 && var.drain_seconds <= 60
    error_message = "1 to 60: a machine is turned off about 90 seconds after it was asked to stop."
  }
}

variable "startup_seconds" {
  description = "How long a writer has until it must answer. It reads the log to build its deduplication index."
  type        = number
  default     = 600
}

variable "checkpoint_seconds" {
  description = "How long the CDN keeps the checkpoint, and everything else that is not a tile."
  type        = number
  default     = 2

  validation {
    condition     = var.checkpoint_seconds >= 1 && var.checkpoint_seconds <= 60
    error_message = "1 to 60."
  }
}

variable "metrics_source_ranges" {
  description = "Networks of the Prometheus servers that scrape the writers, on port 2112."
  type        = list(string)
  default     = []
}

variable "alarms" {
  description = "Whether there are alarms of Cloud Monitoring, and a dashboard."
  type        = bool
  default     = false
}

variable "managed_prometheus" {
  description = "Whether the writers' metrics go to managed Prometheus, with the alerts and the dashboard of terraform/monitoring."
  type        = bool
  default     = false
}

variable "agent_image" {
  description = "The image of Prometheus, in Google's version, that sends the metrics."
  type        = string
  default     = "gke.gcr.io/prometheus-engine/prometheus:v2.53.5-gmp.1-gke.2"
}

variable "notify" {
  description = "Names of the notification channels that are told of alarms and alerts."
  type        = list(string)
  default     = []
}

variable "environment" {
  description = "Further writer flags, as environment variables: { FASTI_BATCH_MAX_ENTRIES = \"8192\" }."
  type        = map(string)
  default     = {}
}

variable "labels" {
  description = "Labels for all resources that support them."
  type        = map(string)
  default     = {}
}
