# Each over all variants: an endpoint is replaced if the names of the alarms change that roll it back.
locals {
  alarms = {
    errors = {
      description = "Requests get 5xx, e.g. as there is no model or the prediction log is unavailable."
      namespace   = "AWS/SageMaker", metric = "Invocation5XXErrors"
      statistic   = "Sum", combine = "SUM", threshold = 0
    }
    latency = {
      description = "One request in a hundred takes the container longer than var.max_latency_ms."
      namespace   = "AWS/SageMaker", metric = "ModelLatency"
      statistic   = "p99", combine = "MAX", threshold = 1000 * var.max_latency_ms
    }
    memory = {
      description = "The container uses most of the memory of an instance."
      namespace   = "/aws/sagemaker/Endpoints", metric = "MemoryUtilization"
      statistic   = "Maximum", combine = "MAX", threshold = 90
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "endpoint" {
  for_each            = length(var.variants) > 0 ? local.alarms : {}
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  threshold           = each.value.threshold
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  metric_query {
    id          = "endpoint"
    expression  = "${each.value.combine}(METRICS())"
    label       = each.value.metric
    return_data = true
  }

  dynamic "metric_query" {
    for_each = keys(var.variants)

    content {
      id = "variant${metric_query.key}"

      metric {
        namespace   = each.value.namespace
        metric_name = each.value.metric
        dimensions  = { EndpointName = var.name, VariantName = metric_query.value }
        stat        = each.value.statistic
        period      = 60
      }
    }
  }
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
