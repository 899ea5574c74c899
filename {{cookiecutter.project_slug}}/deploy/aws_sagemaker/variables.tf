variable "name" {
  description = "Name of the endpoint, and prefix of all other names."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,31}$", var.name))
    error_message = "Write 2 to 32 lower-case letters, digits and hyphens, a letter first."
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

variable "variants" {
  description = "What the endpoint serves: one variant, or two for an A/B test, which get requests by their weights. Without any there is no endpoint yet, but a registry to push the image to. `model` is the object of an archive below models/ in the bucket; null if the image or bundle_store has the models."
  default     = {}

  type = map(object({
    image_tag     = string
    model         = optional(string)
    instance_type = optional(string, "ml.c5.large")
    min_instances = optional(number, 1)
    max_instances = optional(number, 4)
    weight        = optional(number, 1)
  }))

  validation {
    condition     = length(var.variants) <= 10 && alltrue([for name in keys(var.variants) : can(regex("^[a-z0-9](-*[a-z0-9]){0,15}$", name))])
    error_message = "Name at most 10 variants, with up to 16 lower-case letters, digits and hyphens."
  }

  validation {
    condition     = alltrue([for each in values(var.variants) : can(regex("^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$", each.image_tag)) && each.image_tag != "latest"])
    error_message = "Write the tag of one image, e.g. the commit it was built from; latest names none."
  }

  validation {
    condition     = alltrue([for each in values(var.variants) : each.weight >= 0 && floor(each.weight) == each.weight])
    error_message = "Write whole numbers for weights, e.g. 9 and 1: SageMaker rounds others, and each apply would change them."
  }

  validation {
    condition     = alltrue([for each in values(var.variants) : each.min_instances >= 1 && each.max_instances >= each.min_instances])
    error_message = "Write at least 1 for min_instances, and no less for max_instances."
  }
}

variable "models_from_bundle_store" {
  description = "Whether the endpoint follows the models published below bundles/ in the bucket; else they are in the archive or in the image."
  type        = bool
  default     = false
}

variable "settings" {
  description = "Settings without a secret, by name without the prefix, e.g. { SERVING__MAX_ROWS = \"100\" }."
  type        = map(string)
  default     = {}
}

variable "secret_settings" {
  description = "Settings whose values are in Secrets Manager, by name without the prefix; put the values there by the CLI, see README.md."
  type        = set(string)
  default     = []
}

variable "requests_per_minute" {
  description = "Requests a minute and instance at which the endpoint gets more instances."
  type        = number
  default     = 6000
}

variable "max_latency_ms" {
  description = "Milliseconds that a request may take in the container before there is an alarm."
  type        = number
  default     = 500
}

variable "capture_percent" {
  description = "Per cent of requests and responses that are kept below captured/ in the bucket; 0 for none. They hold what callers send."
  type        = number
  default     = 0
}

variable "noncurrent_days" {
  description = "Days after which replaced objects of the bucket and captured requests are deleted; 0 for never."
  type        = number
  default     = 90
}

variable "subnets" {
  description = "Private subnets from which the endpoint reaches the prediction log; none for an endpoint outside a VPC."
  type        = list(string)
  default     = []
}

variable "security_groups" {
  description = "Security groups of the endpoint in these subnets."
  type        = list(string)
  default     = []
}

variable "log_days" {
  description = "Days that logs of the endpoint are kept."
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
  description = "Repository whose workflows on the branch main may push images, upload models and train, as owner/name; empty for none."
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
