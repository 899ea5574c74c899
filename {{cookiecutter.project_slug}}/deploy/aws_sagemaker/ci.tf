# Workflows of the repository get an identity for minutes instead of keys that are stored.
locals {
  has_ci = var.github_repository != "" ? 1 : 0
}

resource "aws_iam_openid_connect_provider" "github" {
  count          = var.github_oidc_provider == "" ? local.has_ci : 0
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_role" "ci" {
  count              = local.has_ci
  name               = "${var.name}-ci"
  assume_role_policy = data.aws_iam_policy_document.github[0].json
}

data "aws_iam_policy_document" "github" {
  count = local.has_ci

  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [coalesce(var.github_oidc_provider, one(aws_iam_openid_connect_provider.github[*].arn))]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:sub"
      values   = ["repo:${var.github_repository}:ref:refs/heads/main"]
    }
  }
}

resource "aws_iam_role_policy" "ci" {
  count  = local.has_ci
  name   = "ci"
  role   = aws_iam_role.ci[0].id
  policy = data.aws_iam_policy_document.ci.json
}

data "aws_iam_policy_document" "ci" {
  # checkov:skip=CKV_AWS_356: 2026-11-30: ecr:GetAuthorizationToken has no resource
  statement {
    sid       = "LogInToRegistry"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    sid = "PushImages"
    actions = [
      "ecr:BatchCheckLayerAvailability",
      "ecr:BatchGetImage",
      "ecr:CompleteLayerUpload",
      "ecr:InitiateLayerUpload",
      "ecr:PutImage",
      "ecr:UploadLayerPart",
    ]
    resources = [aws_ecr_repository.images.arn]
  }

  statement {
    sid       = "FindObjects"
    actions   = ["s3:ListBucket"]
    resources = [local.bucket]
  }

  statement {
    sid       = "UploadRowsAndModels"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = [for prefix in ["data/*", "models/*", "bundles/*"] : "${local.bucket}/${prefix}"]
  }

  statement {
    sid       = "EncryptThem"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [aws_kms_key.model.arn]
  }

  statement {
    sid       = "Train"
    actions   = ["sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob"]
    resources = ["arn:aws:sagemaker:${var.region}:${local.account}:training-job/${var.name}-*"]
  }

  statement {
    sid       = "GiveJobsTheirRole"
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.sagemaker["training"].arn]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["sagemaker.amazonaws.com"]
    }
  }
}
