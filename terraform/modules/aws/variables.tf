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

variable "certificate_arn" {
  description = "ACM certificate for domain_name. CloudFront requires it in us-east-1."
  type        = string
}

variable "zone_id" {
  description = "Route 53 zone for domain_name. If null, create a CNAME to distribution_domain_name."
  type        = string
  default     = null
}

variable "web_acl_arn" {
  description = "WAF web ACL for the distribution: the place for rate limits per client."
  type        = string
  default     = null
}

variable "bucket_name" {
  description = "The bucket. It is created, and holds only this log."
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

variable "image" {
  description = "The writer's container image, as terraform/image makes it."
  type        = string
}

variable "architecture" {
  description = "The image's architecture: ARM64 or X86_64."
  type        = string
  default     = "ARM64"

  validation {
    condition     = contains(["ARM64", "X86_64"], var.architecture)
    error_message = "ARM64 or X86_64."
  }
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

variable "kms_key_arn" {
  description = "The log's key in AWS KMS, if it is there: usage SIGN_VERIFY. The secret is then what the writers know each other by."
  type        = string
  default     = null
}

variable "witness_policy" {
  description = "The witnesses that cosign each checkpoint: the text of a policy (C2SP tlog-policy)."
  type        = string
  default     = null
}

variable "writer_cpu" {
  description = "CPU of one writer, in units of 1/1024."
  type        = number
  default     = 1024
}

variable "writer_memory" {
  description = "Memory of one writer, in MiB."
  type        = number
  default     = 2048
}

variable "vpc_id" {
  description = "The VPC of the writers. It needs an internet gateway, for access from CloudFront."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets in at least two zones, with access to S3, Secrets Manager, CloudWatch Logs and the image."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "The load balancer needs subnets in two zones."
  }
}

variable "public_submissions" {
  description = "Whether CloudFront accepts submissions. If not, only submitter_cidr_blocks can submit."
  type        = bool
  default     = true
}

variable "submitter_cidr_blocks" {
  description = "Networks that can submit through the internal load balancer."
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
    condition     = var.drain_seconds >= 1 && var.drain_seconds <= 100
    error_message = "1 to 100: Fargate kills a task 120 seconds after asking it to stop."
  }
}

variable "startup_seconds" {
  description = "How long a writer has to become ready. It reads the log to build its deduplication index."
  type        = number
  default     = 600
}

variable "checkpoint_seconds" {
  description = "How long CloudFront keeps the checkpoint, and everything else that is not a tile."
  type        = number
  default     = 2

  validation {
    condition     = var.checkpoint_seconds >= 0 && var.checkpoint_seconds <= 60
    error_message = "0 to 60."
  }
}

variable "metrics_security_group_ids" {
  description = "Security groups of the Prometheus servers that scrape the writers, on port 2112."
  type        = list(string)
  default     = []
}

variable "alarms" {
  description = "Whether there are CloudWatch alarms, and a dashboard."
  type        = bool
  default     = false
}

variable "managed_prometheus" {
  description = "Whether the writers' metrics go to managed Prometheus, with the alerts of terraform/monitoring."
  type        = bool
  default     = false
}

variable "agent_image" {
  description = "The image of Prometheus that sends the metrics, and that writes files for the writers."
  type        = string
  default     = "docker.io/prom/prometheus:v3.5.0"
}

variable "notify" {
  description = "ARNs of the SNS topics that are told of alarms and alerts."
  type        = list(string)
  default     = []
}

variable "log_retention_days" {
  description = "How long CloudWatch keeps the writers' output."
  type        = number
  default     = 30
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
