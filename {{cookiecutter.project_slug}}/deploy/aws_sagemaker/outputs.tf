output "image_repository" {
  description = "Where the image is pushed to."
  value       = aws_ecr_repository.images.repository_url
}

output "bucket" {
  description = "The bucket of rows, models and captured requests."
  value       = aws_s3_bucket.artifacts.bucket
}

output "bundle_store" {
  description = "The setting bundle_store where models are published, with models_from_bundle_store."
  value       = local.bundle_store
}

output "endpoint" {
  description = "Name of the endpoint; null without variants."
  value       = one(aws_sagemaker_endpoint.model[*].name)
}

output "models" {
  description = "The models by variant, for batch transform jobs."
  value       = { for variant, model in aws_sagemaker_model.variant : variant => model.name }
}

output "roles" {
  description = "The roles of the endpoint and of training jobs."
  value       = { for name, role in aws_iam_role.sagemaker : name => role.arn }
}

output "key" {
  description = "The key for disks and output of jobs."
  value       = aws_kms_key.model.arn
}

output "secrets" {
  description = "The secrets to put values into, by setting."
  value       = { for name, secret in aws_secretsmanager_secret.settings : name => secret.arn }
}

output "ci_role" {
  description = "The role of workflows; null without github_repository."
  value       = one(aws_iam_role.ci[*].arn)
}
