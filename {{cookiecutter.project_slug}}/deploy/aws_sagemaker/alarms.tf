locals {
  kinds = {
    errors = {
      description = "Requests get 5xx, e.g. as there is no model or the prediction log is unavailable."
      namespace   = "AWS/SageMaker", metric = "Invocation5XXErrors"
      statistic   = "Sum", extended = null, threshold = 0
    }
    latency = {
      description = "One request in a hundred takes the container longer than var.max_latency_ms."
      namespace   = "AWS/SageMaker", metric = "ModelLatency"
      statistic   = null, extended = "p99", threshold = 1000 * var.max_latency_ms
    }
    memory = {
      description = "The container uses most of the instance's memory."
      namespace   = "/aws/sagemaker/Endpoints", metric = "MemoryUtilization"
      statistic   = "Maximum", extended = null, threshold = 90
    }
  }

  alarms = merge([
    for variant in keys(var.variants) : {
      for kind, alarm in local.kinds : "${variant}-${kind}" => merge(alarm, { variant = variant })
    }
  ]...)
}

resource "aws_cloudwatch_metric_alarm" "endpoint" {
  for_each            = local.alarms
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = { EndpointName = var.name, VariantName = each.value.variant }
  statistic           = each.value.statistic
  extended_statistic  = each.value.extended
  threshold           = each.value.threshold
  comparison_operator = "GreaterThanThreshold"
  period              = 60
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_sns_topic" "alarms" {
  name              = "${var.name}-alarms"
  kms_master_key_id = aws_kms_key.model.arn
}

resource "aws_sns_topic_subscription" "emails" {
  for_each  = var.alarm_emails
  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.key
}

resource "aws_sns_topic_policy" "alarms" {
  arn    = aws_sns_topic.alarms.arn
  policy = data.aws_iam_policy_document.alarms.json
}

data "aws_iam_policy_document" "alarms" {
  statement {
    sid       = "Alarms"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alarms.arn]

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

# The tag `project` has to be activated for cost allocation once, in the account's billing console.
resource "aws_budgets_budget" "monthly" {
  count        = var.monthly_budget > 0 ? 1 : 0
  account_id   = local.account
  name         = var.name
  budget_type  = "COST"
  limit_amount = var.monthly_budget
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  cost_filter {
    name   = "TagKeyValue"
    values = ["user:project$${var.name}"]
  }

  dynamic "notification" {
    for_each = { ACTUAL = 80, FORECASTED = 100 }

    content {
      notification_type         = notification.key
      threshold                 = notification.value
      threshold_type            = "PERCENTAGE"
      comparison_operator       = "GREATER_THAN"
      subscriber_sns_topic_arns = [aws_sns_topic.alarms.arn]
    }
  }
}
