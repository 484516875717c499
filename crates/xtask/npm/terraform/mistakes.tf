# Mistakes that check.mjs must find.
variable "unused" { # finds: var.unused is not used
  type = string
}

resource "aws_lambda_funktion" "one" { # finds: aws_lambda_funktion: there is no such resource
  role = "role"
}

resource "aws_lambda_function" "two" { # finds: aws_lambda_function.two: `function_name` is missing
  role     = var.role                  # finds: var.role is not declared
  handlers = "bootstrap"               # finds: aws_lambda_function.two: there is no argument `handlers`
  timeout  = "short"                   # finds: aws_lambda_function.two: `timeout` is not of the type number
  filename = local.absent              # finds: local.absent is not declared

  environment {
    variable = {} # finds: aws_lambda_function.two.environment: there is no argument `variable`
  }

  logging_config {                                   # finds: aws_lambda_function.two.logging_config: `log_format` is missing
    log_group = aws_cloudwatch_log_group.absent.name # finds: aws_cloudwatch_log_group.absent is not declared
  }
}

output "url" {
  value = aws_lambda_function.two.urls # finds: aws_lambda_function has no attribute `urls`
}
