resource "aws_lambda_function" "model" {
  # checkov:skip=CKV_AWS_116: 2026-11-30: a dead-letter queue is for asynchronous events; it gets none
  # checkov:skip=CKV_AWS_117: 2026-11-30: in a VPC only where the prediction log is, by var.subnets
  # checkov:skip=CKV_AWS_173: 2026-11-30: the variables hold references to secrets, and no secret
  # checkov:skip=CKV_AWS_272: 2026-11-30: Lambda does not verify signatures of images
  function_name                  = var.name
  description                    = var.revision
  role                           = aws_iam_role.function.arn
  package_type                   = "Image"
  image_uri                      = "${aws_ecr_repository.images.repository_url}:${var.image_tag}"
  architectures                  = [var.architecture]
  memory_size                    = var.memory
  timeout                        = var.timeout
  reserved_concurrent_executions = var.reserved_concurrency
  publish                        = true

  image_config {
    command = ["handler.handler"]
  }

  environment {
    variables = merge(
      var.model_from == "bucket" ? { "${var.settings_prefix}BUNDLE_STORE" = local.bundle_store } : {},
      { for name, value in var.settings : "${var.settings_prefix}${name}" => value },
      { for name, secret in aws_secretsmanager_secret.settings : "${var.settings_prefix}${name}" => secret.arn },
    )
  }

  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.function.name
  }

  tracing_config {
    mode = "PassThrough"
  }

  dynamic "vpc_config" {
    for_each = length(var.subnets) > 0 ? [1] : []

    content {
      subnet_ids         = var.subnets
      security_group_ids = var.security_groups
    }
  }

  depends_on = [aws_iam_role_policy.function, aws_ecr_repository_policy.images]
}

locals {
  bundle_store = "s3://${aws_s3_bucket.bundles.bucket}/bundles"
}

# What is invoked: a version that does not change until the alias moves.
resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.model.function_name
  function_version = aws_lambda_function.model.version
}

resource "aws_lambda_provisioned_concurrency_config" "live" {
  count                             = var.provisioned_concurrency > 0 ? 1 : 0
  function_name                     = aws_lambda_function.model.function_name
  qualifier                         = aws_lambda_alias.live.name
  provisioned_concurrent_executions = var.provisioned_concurrency
}

resource "aws_cloudwatch_log_group" "function" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_days
  kms_key_id        = aws_kms_key.model.arn
}

resource "aws_iam_role" "function" {
  name               = "${var.name}-function"
  assume_role_policy = data.aws_iam_policy_document.lambda.json
}

data "aws_iam_policy_document" "lambda" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "function" {
  name   = "function"
  role   = aws_iam_role.function.id
  policy = data.aws_iam_policy_document.function.json
}

data "aws_iam_policy_document" "function" {
  statement {
    sid       = "WriteItsLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.function.arn}:*"]
  }

  statement {
    sid       = "FindModels"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.bundles.arn]
  }

  statement {
    sid       = "ReadModels"
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.bundles.arn}/bundles/*"]
  }

  dynamic "statement" {
    for_each = length(var.secret_settings) > 0 ? [1] : []

    content {
      sid       = "ReadItsSecrets"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = [for secret in aws_secretsmanager_secret.settings : secret.arn]
    }
  }

  statement {
    sid       = "DecryptThem"
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.model.arn]
  }
}

# Network interfaces in the subnets.
resource "aws_iam_role_policy_attachment" "vpc" {
  count      = length(var.subnets) > 0 ? 1 : 0
  role       = aws_iam_role.function.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
}
