locals {
  alarm_actions = var.alarm_topic == null ? [] : [var.alarm_topic]

  # Alarms on metrics of Lambda.
  function_alarms = {
    # Counts 401 answers of a REST API, too: its authorizer must raise an error for them. So the threshold is high.
    authorizer-errors = {
      description = "The authorizer raises many errors"
      function    = aws_lambda_function.authorizer.function_name
      metric      = "Errors"
      period      = 300
      threshold   = 100
    }
    authorizer-throttles = {
      description = "Lambda throttles the authorizer"
      function    = aws_lambda_function.authorizer.function_name
      metric      = "Throttles"
      period      = 60
      threshold   = 1
    }
    # A compaction failed, or a request could not be answered.
    control-errors = {
      description = "The control function raises errors"
      function    = aws_lambda_function.control.function_name
      metric      = "Errors"
      period      = 300
      threshold   = 1
    }
  }
}

# Counts refusals because the store, an issuer's keys, the revocations or a revocation list are missing.
resource "aws_cloudwatch_log_metric_filter" "unavailable" {
  name           = "${var.name}-unavailable"
  log_group_name = aws_cloudwatch_log_group.this["authorizer"].name
  pattern        = <<-PATTERN
    { ($.code = "store_unavailable") || ($.code = "issuer_keys_unavailable") || ($.code = "revocation_stale") || ($.code = "certificate_list_stale") }
  PATTERN

  metric_transformation {
    namespace = var.name
    name      = "Unavailable"
    value     = "1"
  }
}

resource "aws_cloudwatch_metric_alarm" "unavailable" {
  alarm_name          = "${var.name}-unavailable"
  alarm_description   = "Requests were refused because the store, an issuer's keys or the revocations are not available"
  namespace           = aws_cloudwatch_log_metric_filter.unavailable.metric_transformation[0].namespace
  metric_name         = aws_cloudwatch_log_metric_filter.unavailable.metric_transformation[0].name
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "function" {
  for_each            = local.function_alarms
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = "AWS/Lambda"
  metric_name         = each.value.metric
  dimensions          = { FunctionName = each.value.function }
  statistic           = "Sum"
  period              = each.value.period
  evaluation_periods  = 1
  threshold           = each.value.threshold
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "duration" {
  alarm_name          = "${var.name}-authorizer-duration"
  alarm_description   = "One answer in a hundred takes longer than a second"
  namespace           = "AWS/Lambda"
  metric_name         = "Duration"
  dimensions          = { FunctionName = aws_lambda_function.authorizer.function_name }
  extended_statistic  = "p99"
  period              = 300
  evaluation_periods  = 2
  threshold           = 1000
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
}

# Without maintenance the revocation log grows, and new instances take longer to start.
resource "aws_cloudwatch_metric_alarm" "maintenance" {
  alarm_name          = "${var.name}-maintenance"
  alarm_description   = "The control function was not invoked for three hours, though its schedule is hourly"
  namespace           = "AWS/Lambda"
  metric_name         = "Invocations"
  dimensions          = { FunctionName = aws_lambda_function.control.function_name }
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = 3
  threshold           = 1
  comparison_operator = "LessThanThreshold"
  treat_missing_data  = "breaching"
  alarm_actions       = local.alarm_actions
}
