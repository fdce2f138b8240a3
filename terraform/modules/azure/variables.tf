variable "resource_group_name" {
  description = "The resource group for all resources. It must exist."
  type        = string
}

variable "location" {
  description = "Where the container and the writers are."
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

variable "zone_id" {
  description = "Azure DNS zone of domain_name, if it has one. The records are up to you."
  type        = string
  default     = null
}

variable "firewall_policy_id" {
  description = "WAF policy of Front Door: the place for rate limits per client."
  type        = string
  default     = null
}

variable "bucket_name" {
  description = "The storage account. It is created, holds only this log, and the key vault has the same name."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{2,23}$", var.bucket_name))
    error_message = "3 to 24 lower-case letters and digits, beginning with a letter."
  }
}

variable "prefix" {
  description = "Where in the account's container `log` the log is."
  type        = string
  default     = "log"

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9-]*(/[A-Za-z0-9][A-Za-z0-9-]*)*$", var.prefix))
    error_message = "Must not be empty; letters, digits, hyphens and slashes, with no slash at either end."
  }
}

variable "replication" {
  description = "How the account is replicated: ZRS, LRS, or GZRS and others. Only the primary region has the log as it is."
  type        = string
  default     = "ZRS"
}

variable "soft_delete_days" {
  description = "How many days deleted and replaced objects can be restored, and are paid for: 0 for none, or 1 to 365."
  type        = number
  default     = 7

  validation {
    condition     = var.soft_delete_days >= 0 && var.soft_delete_days <= 365
    error_message = "0 to 365."
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

variable "witness_policy" {
  description = "The witnesses that cosign each checkpoint: the text of a policy (C2SP tlog-policy)."
  type        = string
  default     = null
}

variable "machine_type" {
  description = "The machine of one writer."
  type        = string
  default     = "Standard_D2s_v5"
}

variable "zones" {
  description = "The zones of the writers."
  type        = list(string)
  default     = ["1", "2", "3"]
}

variable "disk_gb" {
  description = "The disk of one writer, which holds the deduplication index."
  type        = number
  default     = 32
}

variable "ssh_public_key" {
  description = "Azure wants an SSH key for machines. No rule of the network lets anybody use it."
  type        = string
}

variable "subnet_id" {
  description = "The subnet of the writers, with a NAT gateway: they have no public address."
  type        = string
}

variable "public_submissions" {
  description = "Whether Front Door accepts submissions. If not, only submitter_cidr_blocks can submit."
  type        = bool
  default     = true
}

variable "submitter_cidr_blocks" {
  description = "Networks that can submit to the writers directly."
  type        = list(string)
  default     = []
}

variable "accept_opaque" {
  description = "Whether POST /add accepts opaque entries."
  type        = bool
  default     = false
}

variable "drain_seconds" {
  description = "How long a stopping writer has to answer waiting clients."
  type        = number
  default     = 30

  validation {
    condition     = var.drain_seconds >= 1 && var.drain_seconds <= 60
    error_message = "1 to 60: a machine waits for its services about 90 seconds when it is turned off."
  }
}

variable "startup_seconds" {
  description = "How long a writer has until it must answer, at least 600. It reads the log to build its deduplication index."
  type        = number
  default     = 600
}

variable "checkpoint_seconds" {
  description = "How long Front Door keeps the checkpoint, and everything else that is not a tile."
  type        = number
  default     = 2

  validation {
    condition     = var.checkpoint_seconds >= 1 && var.checkpoint_seconds <= 60
    error_message = "1 to 60."
  }
}

variable "metrics_cidr_blocks" {
  description = "Networks of the Prometheus servers that scrape the writers, on port 2112."
  type        = list(string)
  default     = []
}

variable "alarms" {
  description = "Whether there are alarms of Azure Monitor, and a dashboard."
  type        = bool
  default     = false
}

variable "managed_prometheus" {
  description = "Whether the writers' metrics go to managed Prometheus, with the alerts of terraform/monitoring."
  type        = bool
  default     = false
}

variable "agent_image" {
  description = "The image of Prometheus that sends the metrics."
  type        = string
  default     = "docker.io/prom/prometheus:v3.5.0"
}

variable "notify" {
  description = "IDs of the action groups that are told of alarms and alerts."
  type        = list(string)
  default     = []
}

variable "environment" {
  description = "Further writer flags, as environment variables: { FASTI_BATCH_MAX_ENTRIES = \"8192\" }."
  type        = map(string)
  default     = {}
}

variable "tags" {
  description = "Tags for all resources that support them."
  type        = map(string)
  default     = {}
}
