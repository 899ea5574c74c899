# One key encrypts what the function keeps: images, models, secrets, logs and alarms.
resource "aws_kms_key" "model" {
  description             = "${var.name}: images, models, secrets, logs, alarms"
  enable_key_rotation     = true
  deletion_window_in_days = 7
  policy                  = data.aws_iam_policy_document.key.json
}

resource "aws_kms_alias" "model" {
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.model.key_id
}

data "aws_iam_policy_document" "key" {
  # checkov:skip=CKV_AWS_109: 2026-11-30: the account's own policies decide who administers its key
  # checkov:skip=CKV_AWS_111: 2026-11-30: the same
  # checkov:skip=CKV_AWS_356: 2026-11-30: in the policy of a key, * is that key
  statement {
    sid       = "Account"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${local.account}:root"]
    }
  }

  statement {
    sid       = "Logs"
    actions   = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.${var.region}.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = ["arn:aws:logs:${var.region}:${local.account}:log-group:/aws/*/${var.name}"]
    }
  }

  statement {
    sid       = "Alarms"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}
