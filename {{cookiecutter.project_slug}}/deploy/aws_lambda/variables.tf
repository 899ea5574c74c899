variable "name" {
  description = "Name of the function, and prefix of all other names."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,39}$", var.name))
    error_message = "Write 2 to 40 lower-case letters, digits and hyphens."
  }
}

variable "settings_prefix" {
  description = "Prefix of the environment variables that override settings: the package in capitals, and two underscores."
  type        = string

  validation {
    condition     = can(regex("^[A-Z][A-Z0-9_]*__$", var.settings_prefix))
    error_message = "Write the name of the package in capitals and two underscores, e.g. MY_ML_PROJECT__."
  }
}

variable "region" {
  description = "Region of everything."
  type        = string
}

variable "image_tag" {
  description = "Tag of the image in the registry; tags are immutable, so each image has its own."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$", var.image_tag)) && var.image_tag != "latest"
    error_message = "Write the tag of one image, e.g. the commit it was built from; latest names none."
  }
}

variable "revision" {
  description = "Any text; another one starts new environments, e.g. after a secret was changed."
  type        = string
  default     = ""
}

variable "architecture" {
  description = "Processor that the image was built for."
  type        = string
  default     = "x86_64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "Write x86_64 or arm64."
  }
}

variable "memory" {
  description = "MB of memory; the share of processor grows with it, up to one core at 1769."
  type        = number
  default     = 1769

  validation {
    condition     = var.memory >= 128 && var.memory <= 10240
    error_message = "Write a number from 128 to 10240."
  }
}

variable "timeout" {
  description = "Seconds of one request; API Gateway waits for 30."
  type        = number
  default     = 29

  validation {
    condition     = var.timeout >= 3 && var.timeout <= 29
    error_message = "Write a number from 3 to 29."
  }
}

variable "reserved_concurrency" {
  description = "Environments that run at a time, at most; -1 for what the account has."
  type        = number
  default     = -1
}

variable "provisioned_concurrency" {
  description = "Environments that are started in advance and paid for all the time; 0 for none."
  type        = number
  default     = 0
}

variable "settings" {
  description = "Settings without a secret, by name without the prefix, e.g. { SERVING__MAX_ROWS = \"100\" }."
  type        = map(string)
  default     = {}
}

variable "secret_settings" {
  description = "Settings whose values are in Secrets Manager, by name without the prefix; put the values there by the CLI, see README.md."
  type        = set(string)
  default     = ["SERVING__API_KEYS"]
}

variable "model_from" {
  description = "Where the function takes its model from: the bucket, or the image that `deploy package` put it in."
  type        = string
  default     = "bucket"

  validation {
    condition     = contains(["bucket", "image"], var.model_from)
    error_message = "Write bucket or image."
  }
}

variable "noncurrent_days" {
  description = "Days after which replaced objects of the bucket are deleted; 0 for never."
  type        = number
  default     = 90
}

variable "subnets" {
  description = "Private subnets from which the function reaches the prediction log; none for a function outside a VPC."
  type        = list(string)
  default     = []
}

variable "security_groups" {
  description = "Security groups of the function in these subnets."
  type        = list(string)
  default     = []
}

variable "public_api" {
  description = "Whether an HTTP API of API Gateway makes it public, behind its API keys; the function URL is for signed requests."
  type        = bool
  default     = true
}

variable "requests_per_second" {
  description = "Requests a second that the HTTP API lets through."
  type        = number
  default     = 100
}

variable "log_days" {
  description = "Days that logs are kept."
  type        = number
  default     = 365
}

variable "alarm_emails" {
  description = "Who is told of alarms and of the budget; each address gets a mail to confirm."
  type        = set(string)
  default     = []
}

variable "monthly_budget" {
  description = "US dollars a month for the resources with the tag `project`; 0 for no budget."
  type        = number
  default     = 50
}

variable "github_repository" {
  description = "Repository whose workflows on the branch main may push images and publish models, as owner/name; empty for none."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^([\\w.-]+/[\\w.-]+)?$", var.github_repository))
    error_message = "Write owner/name."
  }
}

variable "github_oidc_provider" {
  description = "ARN of the account's identity provider for GitHub if it has one, as there can be one only; empty to create it."
  type        = string
  default     = ""
}

variable "force_destroy" {
  description = "Whether `terraform destroy` deletes images, models and secrets at once and for good."
  type        = bool
  default     = false
}
