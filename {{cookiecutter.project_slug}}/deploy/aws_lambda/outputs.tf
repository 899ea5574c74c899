output "image_repository" {
  description = "Where the image is pushed to."
  value       = aws_ecr_repository.images.repository_url
}

output "bundle_store" {
  description = "The setting bundle_store where models are published."
  value       = local.bundle_store
}

output "function_url" {
  description = "Address for signed requests."
  value       = aws_lambda_function_url.live.function_url
}

output "api_url" {
  description = "Public address, for requests with an API key; null without public_api."
  value       = one(aws_apigatewayv2_api.public[*].api_endpoint)
}

output "secrets" {
  description = "The secrets to put values into, by setting."
  value       = { for name, secret in aws_secretsmanager_secret.settings : name => secret.arn }
}

output "ci_role" {
  description = "The role of workflows; null without github_repository."
  value       = one(aws_iam_role.ci[*].arn)
}
