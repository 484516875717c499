variable "name" {
  description = "Begins the names of all resources"
  type        = string
  default     = "edge-auth"
}

variable "authorizer_zip" {
  description = "The authorizer with its policy, as cargo-lambda builds it"
  type        = string
}

variable "control_zip" {
  description = "The control function with the same policy, as cargo-lambda builds it"
  type        = string
}

variable "policy_file" {
  description = "The policy's file in both archives"
  type        = string
  default     = "policy.bin"
}

variable "secrets" {
  description = "Secrets that the policy names: the name of the variable, and the name or ARN of its secret in Secrets Manager"
  type        = map(string)
}

variable "upstream_url" {
  description = "URL of the API behind the HTTP API and the REST API, without a slash at its end; null makes neither"
  type        = string
  default     = null

  validation {
    condition     = var.upstream_url == null || can(regex("^https://[^/]+(/[^/]+)*$", var.upstream_url))
    error_message = "The URL begins with https:// and has no slash at its end."
  }
}

variable "log_retention_days" {
  description = "How many days the logs are kept, which have the audit events"
  type        = number
  default     = 90
}

variable "alarm_topic" {
  description = "ARN of the SNS topic for alarms; null for none"
  type        = string
  default     = null
}

variable "deletion_protection" {
  description = "Whether the table is protected from deletion"
  type        = bool
  default     = true
}
