# For callers with an AWS identity: requests are signed.
resource "aws_lambda_function_url" "live" {
  function_name      = aws_lambda_function.model.function_name
  qualifier          = aws_lambda_alias.live.name
  authorization_type = "AWS_IAM"
}

# For all others: public, and the service asks for its API keys.
resource "aws_apigatewayv2_api" "public" {
  count         = var.public_api ? 1 : 0
  name          = var.name
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_integration" "function" {
  count                  = var.public_api ? 1 : 0
  api_id                 = aws_apigatewayv2_api.public[0].id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_alias.live.invoke_arn
  payload_format_version = "2.0"
}

resource "aws_apigatewayv2_route" "all" {
  # checkov:skip=CKV_AWS_309: 2026-11-30: the service itself asks for an API key
  count     = var.public_api ? 1 : 0
  api_id    = aws_apigatewayv2_api.public[0].id
  route_key = "$default"
  target    = "integrations/${aws_apigatewayv2_integration.function[0].id}"
}

resource "aws_apigatewayv2_stage" "public" {
  count       = var.public_api ? 1 : 0
  api_id      = aws_apigatewayv2_api.public[0].id
  name        = "$default"
  auto_deploy = true

  default_route_settings {
    throttling_rate_limit  = var.requests_per_second
    throttling_burst_limit = 2 * var.requests_per_second
  }

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.api[0].arn
    format = jsonencode({
      requestId = "$context.requestId"
      ip        = "$context.identity.sourceIp"
      method    = "$context.httpMethod"
      path      = "$context.path"
      status    = "$context.status"
      latency   = "$context.responseLatency"
      error     = "$context.integrationErrorMessage"
    })
  }
}

resource "aws_cloudwatch_log_group" "api" {
  count             = var.public_api ? 1 : 0
  name              = "/aws/apigateway/${var.name}"
  retention_in_days = var.log_days
  kms_key_id        = aws_kms_key.model.arn
}

resource "aws_lambda_permission" "api" {
  count         = var.public_api ? 1 : 0
  statement_id  = "HttpApi"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.model.function_name
  qualifier     = aws_lambda_alias.live.name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.public[0].execution_arn}/*"
}
