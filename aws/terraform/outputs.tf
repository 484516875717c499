output "authorizer_arn" {
  description = "For authorizers of other APIs, and of AppSync"
  value       = aws_lambda_function.authorizer.arn
}

output "authorizer_invoke_arn" {
  description = "For authorizers of other APIs"
  value       = aws_lambda_function.authorizer.invoke_arn
}

output "authorizer_url" {
  description = "Answers /authorize and /v1/verify"
  value       = aws_lambda_function_url.authorizer.function_url
}

output "control_url" {
  description = "For the command's --store; callers need administrator_policy_arn"
  value       = aws_lambda_function_url.control.function_url
}

output "store" {
  description = "For the command's --store; callers need table_administrator_policy_arn"
  value       = "dynamodb:${aws_dynamodb_table.this.name}"
}

output "administrator_policy_arn" {
  description = "Lets an operator call the control function"
  value       = aws_iam_policy.administrator.arn
}

output "table_administrator_policy_arn" {
  description = "Lets an operator run the command on the table"
  value       = aws_iam_policy.table_administrator.arn
}

output "http_api_url" {
  description = "The HTTP API, if there is an upstream"
  value       = one(aws_apigatewayv2_api.http[*].api_endpoint)
}

output "rest_api_url" {
  description = "The REST API, if there is an upstream"
  value       = one(aws_api_gateway_stage.rest[*].invoke_url)
}
