locals {
  function = { FunctionName = aws_lambda_function.model.function_name }

  alarms = merge(
    {
      errors = {
        description = "Requests failed, or the function does not start: its log has the sentence."
        namespace   = "AWS/Lambda", metric = "Errors", dimensions = local.function
        statistic   = "Sum", threshold = 0
      }
      throttles = {
        description = "Requests found no free environment: raise the concurrency."
        namespace   = "AWS/Lambda", metric = "Throttles", dimensions = local.function
        statistic   = "Sum", threshold = 0
      }
      duration = {
        description = "The longest requests take 80 % of the timeout."
        namespace   = "AWS/Lambda", metric = "Duration", dimensions = local.function
        statistic   = "Maximum", threshold = 800 * var.timeout
      }
      unavailable_url = {
        description = "Signed requests get 5xx, e.g. as there is no model."
        namespace   = "AWS/Lambda", metric = "Url5xxCount", dimensions = local.function
        statistic   = "Sum", threshold = 0
      }
    },
    {
      for api in aws_apigatewayv2_api.public : "unavailable" => {
        description = "Callers get 5xx, e.g. as there is no model, or the prediction log is unavailable."
        namespace   = "AWS/ApiGateway", metric = "5xx", dimensions = { ApiId = api.id }
        statistic   = "Sum", threshold = 0
      }
    },
  )
}

resource "aws_cloudwatch_metric_alarm" "function" {
  for_each            = local.alarms
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  threshold           = each.value.threshold
  comparison_operator = "GreaterThanThreshold"
  period              = 300
  evaluation_periods  = 1
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
