locals {
  # What a gate may do with the table.
  read = {
    Sid      = "Read"
    Effect   = "Allow"
    Action   = ["dynamodb:GetItem", "dynamodb:Query"]
    Resource = [aws_dynamodb_table.this.arn, "${aws_dynamodb_table.this.arn}/index/mark"]
  }

  # What control may do beside it. Transactions need the permissions of their parts.
  write = {
    Sid      = "Write"
    Effect   = "Allow"
    Action   = ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:BatchWriteItem"]
    Resource = [aws_dynamodb_table.this.arn]
  }

  assumed_by_lambda = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role" "authorizer" {
  name_prefix        = "${var.name}-authorizer-"
  assume_role_policy = local.assumed_by_lambda
}

resource "aws_iam_role_policy" "authorizer" {
  name   = "table-and-log"
  role   = aws_iam_role.authorizer.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [local.read, local.writes_log["authorizer"]] })
}

resource "aws_iam_role" "control" {
  name_prefix        = "${var.name}-control-"
  assume_role_policy = local.assumed_by_lambda
}

resource "aws_iam_role_policy" "control" {
  name   = "table-and-log"
  role   = aws_iam_role.control.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [local.read, local.write, local.writes_log["control"]] })
}

# For operators who administer by the URL of the control function. They need a credential of the policy, too.
resource "aws_iam_policy" "administrator" {
  name_prefix = "${var.name}-administrator-"
  description = "Calls the control function of edge-auth"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "CallTheUrl"
        Effect    = "Allow"
        Action    = "lambda:InvokeFunctionUrl"
        Resource  = aws_lambda_function.control.arn
        Condition = { StringEquals = { "lambda:FunctionUrlAuthType" = "AWS_IAM" } }
      },
      {
        Sid       = "InvokeByTheUrl"
        Effect    = "Allow"
        Action    = "lambda:InvokeFunction"
        Resource  = aws_lambda_function.control.arn
        Condition = { Bool = { "lambda:InvokedViaFunctionUrl" = "true" } }
      },
    ]
  })
}

# For operators who run the command on the table: `edge-auth keys … --store dynamodb:TABLE`.
resource "aws_iam_policy" "table_administrator" {
  name_prefix = "${var.name}-table-administrator-"
  description = "Changes the keys and revocations of edge-auth in its table"
  policy      = jsonencode({ Version = "2012-10-17", Statement = [local.read, local.write] })
}
