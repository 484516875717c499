locals {
  # Both functions have the same policy, table and secrets.
  environment = merge(
    { for variable, secret in data.aws_secretsmanager_secret_version.this : variable => secret.secret_string },
    {
      EDGE_AUTH_POLICY = var.policy_file
      EDGE_AUTH_STORE  = "dynamodb:${aws_dynamodb_table.this.name}"
    },
  )

  writes_log = {
    for name, group in aws_cloudwatch_log_group.this : name => {
      Sid      = "Log"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = ["${group.arn}:*"]
    }
  }
}

# Terraform keeps them in its state, and Lambda in the functions' environments.
data "aws_secretsmanager_secret_version" "this" {
  for_each  = var.secrets
  secret_id = each.value
}

resource "aws_cloudwatch_log_group" "this" {
  for_each          = toset(["authorizer", "control"])
  name              = "/aws/lambda/${var.name}-${each.key}"
  retention_in_days = var.log_retention_days
}

# Decides. It reads the table, and has neither code nor permission to change it.
resource "aws_lambda_function" "authorizer" {
  function_name    = "${var.name}-authorizer"
  role             = aws_iam_role.authorizer.arn
  filename         = var.authorizer_zip
  source_code_hash = filebase64sha256(var.authorizer_zip)
  handler          = "bootstrap"
  runtime          = "provided.al2023"
  architectures    = ["arm64"]
  # Memory buys processor time. More than this does not make a cold start faster.
  memory_size = 512
  # A decision takes 2 seconds at most. Deferred tasks (the keys of an issuer, the revocation feed) run before the
  # answer, each for 1 second at most.
  timeout = 6

  environment {
    variables = local.environment
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.this["authorizer"].name
  }

  depends_on = [aws_iam_role_policy.authorizer]
}

# Administers keys and revocations, for callers that IAM admits and that bring an administrator's credential of the
# policy; and maintains the table on a schedule.
resource "aws_lambda_function" "control" {
  function_name    = "${var.name}-control"
  role             = aws_iam_role.control.arn
  filename         = var.control_zip
  source_code_hash = filebase64sha256(var.control_zip)
  handler          = "bootstrap"
  runtime          = "provided.al2023"
  architectures    = ["arm64"]
  memory_size      = 512
  # The import of a long revocation list, and the compaction of a long log, take minutes.
  timeout = 300

  environment {
    variables = local.environment
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.this["control"].name
  }

  depends_on = [aws_iam_role_policy.control]
}

# Answers /authorize and /v1/verify to callers that IAM admits.
resource "aws_lambda_function_url" "authorizer" {
  function_name      = aws_lambda_function.authorizer.function_name
  authorization_type = "AWS_IAM"
}

resource "aws_lambda_function_url" "control" {
  function_name      = aws_lambda_function.control.function_name
  authorization_type = "AWS_IAM"
}

# Compacts the revocation log, and deletes expired records.
resource "aws_cloudwatch_event_rule" "maintenance" {
  name                = "${var.name}-maintenance"
  description         = "edge-auth compacts its revocation log and deletes expired records"
  schedule_expression = "rate(1 hour)"
}

resource "aws_cloudwatch_event_target" "maintenance" {
  rule = aws_cloudwatch_event_rule.maintenance.name
  arn  = aws_lambda_function.control.arn
}

resource "aws_lambda_permission" "maintenance" {
  statement_id  = "Maintenance"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.control.function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.maintenance.arn
}
