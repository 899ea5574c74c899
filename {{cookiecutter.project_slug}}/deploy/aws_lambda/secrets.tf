# Containers without a value: a value here would be in the state as well.
resource "aws_secretsmanager_secret" "settings" {
  # checkov:skip=CKV2_AWS_57: 2026-11-30: rotation is by hand, two keys at a time; see README.md
  for_each                = var.secret_settings
  name                    = "${var.name}/${each.key}"
  description             = "The setting ${var.settings_prefix}${each.key} of ${var.name}"
  kms_key_id              = aws_kms_key.model.arn
  recovery_window_in_days = var.force_destroy ? 0 : 7
}
