# The published models: a pointer and the versions that it names.
resource "aws_s3_bucket" "bundles" {
  # checkov:skip=CKV_AWS_18: 2026-11-30: who reads and writes models stands in CloudTrail, if wanted
  # checkov:skip=CKV_AWS_144: 2026-11-30: models can be published again; the service is in one region
  # checkov:skip=CKV2_AWS_62: 2026-11-30: nothing waits for an event; the function reads the pointer
  # checkov:skip=CKV2_AWS_61: 2026-11-30: the lifecycle is behind var.noncurrent_days
  bucket        = "${var.name}-bundles-${local.account}"
  force_destroy = var.force_destroy
}

resource "aws_s3_bucket_versioning" "bundles" {
  bucket = aws_s3_bucket.bundles.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "bundles" {
  bucket = aws_s3_bucket.bundles.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.model.arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "bundles" {
  bucket                  = aws_s3_bucket.bundles.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_policy" "bundles" {
  bucket     = aws_s3_bucket.bundles.id
  policy     = data.aws_iam_policy_document.bundles.json
  depends_on = [aws_s3_bucket_public_access_block.bundles]
}

data "aws_iam_policy_document" "bundles" {
  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.bundles.arn, "${aws_s3_bucket.bundles.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "bundles" {
  count      = var.noncurrent_days > 0 ? 1 : 0
  bucket     = aws_s3_bucket.bundles.id
  depends_on = [aws_s3_bucket_versioning.bundles]

  rule {
    id     = "replaced"
    status = "Enabled"
    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}
