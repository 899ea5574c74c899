variable "name" {
  description = "Name of the function, and prefix of all other names."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,24}[a-z0-9]$", var.name))
    error_message = "Write 6 to 26 lower-case letters, digits and hyphens, a letter first."
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

variable "project" {
  description = "Id of the Google Cloud project."
  type        = string
}

variable "region" {
  description = "Region of everything."
  type        = string
}

variable "runtime" {
  description = "Runtime of the function, e.g. python313."
  type        = string
}

variable "package" {
  description = "The zip that `deploy package --zip` made."
  type        = string
  default     = "../../build/deploy/google_cloud_function.zip"
}

variable "memory" {
  description = "Memory of an instance, in which its files are as well; the function takes about 130 MB, or 190 with models from a bucket."
  type        = string
  default     = "512Mi"
}

variable "concurrency" {
  description = "Requests that an instance answers at a time."
  type        = number
  default     = 40
}

variable "min_instances" {
  description = "Instances that are kept started, and paid for all the time; 0 for none."
  type        = number
  default     = 0
}

variable "max_instances" {
  description = "Instances at a time, at most."
  type        = number
  default     = 10
}

variable "timeout" {
  description = "Seconds of one request."
  type        = number
  default     = 30
}

variable "settings" {
  description = "Settings without a secret, by name without the prefix, e.g. { SERVING__MAX_ROWS = \"100\" }."
  type        = map(string)
  default     = {}
}

variable "secret_settings" {
  description = "Settings whose values are in Secret Manager, by name without the prefix; put the values there by gcloud, see README.md."
  type        = set(string)
  default     = ["SERVING__API_KEYS"]
}

variable "model_from" {
  description = "Where the function takes its model from: the bucket, or the package that `deploy package` put it in."
  type        = string
  default     = "bucket"

  validation {
    condition     = contains(["bucket", "package"], var.model_from)
    error_message = "Write bucket or package."
  }
}

variable "invokers" {
  description = "Who may call the function, e.g. serviceAccount:shop@PROJECT.iam.gserviceaccount.com; [\"allUsers\"] leaves it to its API keys."
  type        = set(string)
  default     = []
}

variable "ingress" {
  description = "From where it can be reached: ALLOW_ALL, ALLOW_INTERNAL_ONLY or ALLOW_INTERNAL_AND_GCLB."
  type        = string
  default     = "ALLOW_ALL"
}

variable "vpc_connector" {
  description = "Serverless VPC Access connector to a prediction log with a private address; null for none."
  type        = string
  default     = null
}

variable "noncurrent_days" {
  description = "Days after which replaced objects of the buckets are deleted."
  type        = number
  default     = 90
}

variable "log_days" {
  description = "Days that logs are kept."
  type        = number
  default     = 365
}

variable "alarm_emails" {
  description = "Who is told of alarms and of the budget."
  type        = set(string)
  default     = []
}

variable "billing_account" {
  description = "Id of the billing account, for the budget; null for no budget."
  type        = string
  default     = null
}

variable "monthly_budget" {
  description = "Costs a month of the project, in the currency of the billing account, of which alarms tell."
  type        = number
  default     = 50
}

variable "github_repository" {
  description = "Repository whose workflows on the branch main may publish models and deploy, as owner/name; empty for none."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^([\\w.-]+/[\\w.-]+)?$", var.github_repository))
    error_message = "Write owner/name."
  }
}

variable "force_destroy" {
  description = "Whether `terraform destroy` deletes packages and models as well."
  type        = bool
  default     = false
}
