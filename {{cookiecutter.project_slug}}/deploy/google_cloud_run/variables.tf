variable "project" {
  description = "Id of the Google Cloud project."
  type        = string
}

variable "name" {
  description = "Name of the service, and prefix of all other names."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,21}[a-z0-9])?$", var.name))
    error_message = "Write up to 23 lower-case letters, digits and hyphens, a letter first and no hyphen last."
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
  description = "Tag of the image in the registry; empty as long as there is none, and then there is no service yet."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?$", var.image_tag)) && var.image_tag != "latest"
    error_message = "Write the tag of one image, e.g. the commit it was built from; latest names none."
  }
}

variable "cpu" {
  description = "Processors of an instance."
  type        = string
  default     = "1"
}

variable "memory" {
  description = "Memory of an instance; what is written to /tmp counts."
  type        = string
  default     = "512Mi"
}

variable "concurrency" {
  description = "Requests that an instance answers at a time: 1 to 1000. It sets serving.max_concurrency as well."
  type        = number
  default     = 80

  validation {
    condition     = var.concurrency >= 1 && var.concurrency <= 1000
    error_message = "Write a number from 1 to 1000."
  }
}

variable "min_instances" {
  description = "Instances that stay; 0 ends the last one after a quiet time, and the next request waits for a start."
  type        = number
  default     = 0
}

variable "max_instances" {
  description = "Instances at a time, at most; it bounds the costs and the connections to the prediction log."
  type        = number
  default     = 10
}

variable "timeout" {
  description = "Seconds of one request."
  type        = number
  default     = 30
}

variable "ingress" {
  description = "Where requests may come from: INGRESS_TRAFFIC_ALL, INGRESS_TRAFFIC_INTERNAL_ONLY or INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER."
  type        = string
  default     = "INGRESS_TRAFFIC_ALL"
}

variable "invokers" {
  description = "Who may call the service by Google's identity, e.g. serviceAccount:…; [\"allUsers\"] leaves it to the API keys."
  type        = set(string)
  default     = []
}

variable "settings" {
  description = "Settings without a secret, by name without the prefix, e.g. { SERVING__MAX_ROWS = \"100\" }."
  type        = map(string)
  default     = {}
}

variable "secret_settings" {
  description = "Settings whose values are in Secret Manager, by name without the prefix; put the values there by the CLI, see README.md."
  type        = set(string)
  default     = []
}

variable "model_from" {
  description = "Where the service takes its model from: the bucket, or the image that `deploy package` put it in."
  type        = string
  default     = "bucket"

  validation {
    condition     = contains(["bucket", "image"], var.model_from)
    error_message = "Write bucket or image."
  }
}

variable "noncurrent_days" {
  description = "Days after which replaced objects of the bucket are deleted."
  type        = number
  default     = 90
}

variable "subnetwork" {
  description = "Subnetwork from which the service reaches private addresses, e.g. the prediction log; empty for none."
  type        = string
  default     = ""
}

variable "log_days" {
  description = "Days that logs of the service are kept."
  type        = number
  default     = 365
}

variable "alarm_emails" {
  description = "Who is told of failing requests and of the budget."
  type        = set(string)
  default     = []
}

variable "billing_account" {
  description = "Billing account of the budget; empty for no budget."
  type        = string
  default     = ""
}

variable "monthly_budget" {
  description = "What the project may cost a month, in the currency of the billing account."
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

variable "force_destroy" {
  description = "Whether `terraform destroy` deletes the service and published models."
  type        = bool
  default     = false
}
