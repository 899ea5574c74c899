locals {
  bundle_store = "s3://${aws_s3_bucket.artifacts.bucket}/bundles"

  environment = merge(
    var.models_from_bundle_store ? { "${var.settings_prefix}BUNDLE_STORE" = local.bundle_store } : {},
    { for name, value in var.settings : "${var.settings_prefix}${name}" => value },
    { for name, secret in aws_secretsmanager_secret.settings : "${var.settings_prefix}${name}" => secret.arn },
  )

  # A model and the configuration of an endpoint cannot be changed: another content is another name.
  models = {
    for variant, each in var.variants : variant => substr(sha256(jsonencode([
      each.image_tag, each.model, local.environment, var.subnets, var.security_groups,
    ])), 0, 8)
  }
}

resource "aws_sagemaker_model" "variant" {
  # checkov:skip=CKV_AWS_370: 2026-11-30: isolated unless it reaches a store, a secret or a subnet
  for_each           = var.variants
  name               = "${var.name}-${each.key}-${local.models[each.key]}"
  execution_role_arn = aws_iam_role.sagemaker["endpoint"].arn
  enable_network_isolation = alltrue([
    !var.models_from_bundle_store, length(var.secret_settings) == 0, length(var.subnets) == 0,
  ])

  primary_container {
    image          = "${aws_ecr_repository.images.repository_url}:${each.value.image_tag}"
    model_data_url = each.value.model == null ? null : "s3://${aws_s3_bucket.artifacts.bucket}/models/${each.value.model}"
    environment    = local.environment
  }

  dynamic "vpc_config" {
    for_each = length(var.subnets) > 0 ? [1] : []

    content {
      subnets            = var.subnets
      security_group_ids = var.security_groups
    }
  }

  lifecycle {
    create_before_destroy = true
  }

  depends_on = [aws_iam_role_policy.sagemaker]
}

resource "aws_sagemaker_endpoint_configuration" "model" {
  count       = length(var.variants) > 0 ? 1 : 0
  name_prefix = "${var.name}-"
  kms_key_arn = aws_kms_key.model.arn

  dynamic "production_variants" {
    for_each = var.variants

    content {
      variant_name                                      = production_variants.key
      model_name                                        = aws_sagemaker_model.variant[production_variants.key].name
      instance_type                                     = production_variants.value.instance_type
      initial_instance_count                            = production_variants.value.min_instances
      initial_variant_weight                            = production_variants.value.weight
      container_startup_health_check_timeout_in_seconds = 300
    }
  }

  dynamic "data_capture_config" {
    for_each = var.capture_percent > 0 ? [1] : []

    content {
      enable_capture              = true
      initial_sampling_percentage = var.capture_percent
      destination_s3_uri          = "s3://${aws_s3_bucket.artifacts.bucket}/captured"
      kms_key_id                  = aws_kms_key.model.arn

      capture_options {
        capture_mode = "Input"
      }

      capture_options {
        capture_mode = "Output"
      }

      capture_content_type_header {
        csv_content_types  = ["text/csv"]
        json_content_types = ["application/json", "application/jsonlines"]
      }
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

# An update starts instances of the new configuration, moves a tenth of the requests to them, then
# all; an alarm meanwhile moves them back.
resource "aws_sagemaker_endpoint" "model" {
  count                = length(var.variants) > 0 ? 1 : 0
  name                 = var.name
  endpoint_config_name = aws_sagemaker_endpoint_configuration.model[0].name

  deployment_config {
    blue_green_update_policy {
      termination_wait_in_seconds          = 300
      maximum_execution_timeout_in_seconds = 3600

      traffic_routing_configuration {
        type                     = "CANARY"
        wait_interval_in_seconds = 300

        canary_size {
          type  = "CAPACITY_PERCENT"
          value = 10
        }
      }
    }

    auto_rollback_configuration {
      dynamic "alarms" {
        for_each = aws_cloudwatch_metric_alarm.endpoint

        content {
          alarm_name = alarms.value.alarm_name
        }
      }
    }
  }

  depends_on = [aws_cloudwatch_log_group.endpoint]
}

resource "aws_cloudwatch_log_group" "endpoint" {
  name              = "/aws/sagemaker/Endpoints/${var.name}"
  retention_in_days = var.log_days
  kms_key_id        = aws_kms_key.model.arn
}

resource "aws_appautoscaling_target" "variant" {
  for_each           = var.variants
  service_namespace  = "sagemaker"
  resource_id        = "endpoint/${aws_sagemaker_endpoint.model[0].name}/variant/${each.key}"
  scalable_dimension = "sagemaker:variant:DesiredInstanceCount"
  min_capacity       = each.value.min_instances
  max_capacity       = each.value.max_instances
}

resource "aws_appautoscaling_policy" "variant" {
  for_each           = aws_appautoscaling_target.variant
  name               = "${var.name}-${each.key}"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = each.value.service_namespace
  resource_id        = each.value.resource_id
  scalable_dimension = each.value.scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value       = var.requests_per_minute
    scale_out_cooldown = 60
    scale_in_cooldown  = 300

    predefined_metric_specification {
      predefined_metric_type = "SageMakerVariantInvocationsPerInstance"
    }
  }
}
