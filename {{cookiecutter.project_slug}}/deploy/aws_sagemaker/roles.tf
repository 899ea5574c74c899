# What SageMaker may do while it serves (endpoint, batch transform), and while it trains.
locals {
  bucket = aws_s3_bucket.artifacts.arn

  roles = {
    endpoint = {
      reads  = ["models/*", "bundles/*", "transform/*"]
      writes = ["captured/*", "transform/*"]
    }
    training = {
      reads  = ["data/*", "bundles/*"]
      writes = ["models/*", "bundles/*"]
    }
  }
}

resource "aws_iam_role" "sagemaker" {
  for_each           = local.roles
  name               = "${var.name}-${each.key}"
  assume_role_policy = data.aws_iam_policy_document.sagemaker.json
}

data "aws_iam_policy_document" "sagemaker" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["sagemaker.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_iam_role_policy" "sagemaker" {
  for_each = local.roles
  name     = "sagemaker"
  role     = aws_iam_role.sagemaker[each.key].id
  policy   = data.aws_iam_policy_document.execution[each.key].json
}

data "aws_iam_policy_document" "execution" {
  # checkov:skip=CKV_AWS_356: 2026-11-30: ecr:GetAuthorizationToken, metrics and ec2:Describe have no resource
  # checkov:skip=CKV_AWS_111: 2026-11-30: metrics have no resource, the namespace limits them
  for_each = local.roles

  statement {
    sid       = "LogInToRegistry"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    sid       = "PullTheImage"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = [aws_ecr_repository.images.arn]
  }

  statement {
    sid       = "FindObjects"
    actions   = ["s3:ListBucket"]
    resources = [local.bucket]
  }

  statement {
    sid       = "ReadObjects"
    actions   = ["s3:GetObject"]
    resources = [for prefix in each.value.reads : "${local.bucket}/${prefix}"]
  }

  statement {
    sid       = "WriteObjects"
    actions   = ["s3:PutObject"]
    resources = [for prefix in each.value.writes : "${local.bucket}/${prefix}"]
  }

  statement {
    sid = "WriteLogs"
    actions = [
      "logs:CreateLogGroup",
      "logs:CreateLogStream",
      "logs:DescribeLogStreams",
      "logs:PutLogEvents",
    ]
    resources = ["arn:aws:logs:${var.region}:${local.account}:log-group:/aws/sagemaker/*"]
  }

  statement {
    sid       = "WriteMetrics"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringLike"
      variable = "cloudwatch:namespace"
      values   = ["AWS/SageMaker", "/aws/sagemaker/*"]
    }
  }

  statement {
    sid       = "UseTheKey"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"]
    resources = [aws_kms_key.model.arn]
  }

  statement {
    sid       = "EncryptDisks"
    actions   = ["kms:CreateGrant"]
    resources = [aws_kms_key.model.arn]

    condition {
      test     = "Bool"
      variable = "kms:GrantIsForAWSResource"
      values   = ["true"]
    }
  }

  dynamic "statement" {
    for_each = length(var.secret_settings) > 0 ? [1] : []

    content {
      sid       = "ReadSecrets"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = [for secret in aws_secretsmanager_secret.settings : secret.arn]
    }
  }

  # Network interfaces in the subnets; the list is that of SageMaker's documentation.
  dynamic "statement" {
    for_each = length(var.subnets) > 0 ? [1] : []

    content {
      sid = "JoinTheNetwork"
      actions = [
        "ec2:CreateNetworkInterface",
        "ec2:CreateNetworkInterfacePermission",
        "ec2:DeleteNetworkInterface",
        "ec2:DeleteNetworkInterfacePermission",
        "ec2:DescribeDhcpOptions",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
      ]
      resources = ["*"]
    }
  }
}
