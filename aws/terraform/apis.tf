# Neither API keeps the authorizer's answers, which is right for every policy. If all callers send `Authorization`, and
# decisions depend on nothing else, you may have them kept: read "What API Gateway keeps" in aws/README.md.
locals {
  has_apis = var.upstream_url != null

  # What the gate says about the caller. Overwrite all six: a client may have sent any of them.
  identity = {
    X-Auth-Principal = "context.authorizer.principal"
    X-Auth-Kind      = "context.authorizer.kind"
    X-Auth-Subject   = "context.authorizer.subject"
    X-Auth-Issuer    = "context.authorizer.issuer"
    X-Auth-Client    = "context.authorizer.client"
    X-Auth-Scopes    = "context.authorizer.scopes"
  }

  # Fields that an API could read as another method, another path or a verified certificate.
  removed = [
    "X-HTTP-Method-Override",
    "X-HTTP-Method",
    "X-Method-Override",
    "X-Original-URL",
    "X-Rewrite-URL",
    "Client-Cert",
    "Client-Cert-Chain",
    "X-Forwarded-Client-Cert",
    "X-Client-Cert",
    "X-SSL-Client-Cert",
    "X-SSL-Client-Verify",
    "X-SSL-Client-S-DN",
  ]
}

resource "aws_apigatewayv2_api" "http" {
  count         = local.has_apis ? 1 : 0
  name          = "${var.name}-http"
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_authorizer" "http" {
  count                             = local.has_apis ? 1 : 0
  api_id                            = aws_apigatewayv2_api.http[0].id
  name                              = var.name
  authorizer_type                   = "REQUEST"
  authorizer_uri                    = aws_lambda_function.authorizer.invoke_arn
  authorizer_payload_format_version = "2.0"
  enable_simple_responses           = true
  authorizer_result_ttl_in_seconds  = 0
}

resource "aws_apigatewayv2_integration" "http" {
  count                  = local.has_apis ? 1 : 0
  api_id                 = aws_apigatewayv2_api.http[0].id
  integration_type       = "HTTP_PROXY"
  integration_method     = "ANY"
  integration_uri        = "${var.upstream_url}/{proxy}"
  payload_format_version = "1.0"
  request_parameters = merge(
    { for field, value in local.identity : "overwrite:header.${field}" => format("$%s", value) },
    { for field in local.removed : "remove:header.${field}" => "''" },
  )
}

resource "aws_apigatewayv2_route" "http" {
  count              = local.has_apis ? 1 : 0
  api_id             = aws_apigatewayv2_api.http[0].id
  route_key          = "ANY /{proxy+}"
  target             = "integrations/${aws_apigatewayv2_integration.http[0].id}"
  authorization_type = "CUSTOM"
  authorizer_id      = aws_apigatewayv2_authorizer.http[0].id
}

resource "aws_apigatewayv2_stage" "http" {
  count       = local.has_apis ? 1 : 0
  api_id      = aws_apigatewayv2_api.http[0].id
  name        = "$default"
  auto_deploy = true
}

resource "aws_lambda_permission" "http" {
  count         = local.has_apis ? 1 : 0
  statement_id  = "HttpApi"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.authorizer.function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.http[0].execution_arn}/authorizers/${aws_apigatewayv2_authorizer.http[0].id}"
}

resource "aws_api_gateway_rest_api" "rest" {
  count = local.has_apis ? 1 : 0
  name  = "${var.name}-rest"

  endpoint_configuration {
    types = ["REGIONAL"]
  }
}

resource "aws_api_gateway_authorizer" "rest" {
  count                            = local.has_apis ? 1 : 0
  rest_api_id                      = aws_api_gateway_rest_api.rest[0].id
  name                             = var.name
  type                             = "REQUEST"
  authorizer_uri                   = aws_lambda_function.authorizer.invoke_arn
  identity_source                  = ""
  authorizer_result_ttl_in_seconds = 0
}

resource "aws_api_gateway_resource" "rest" {
  count       = local.has_apis ? 1 : 0
  rest_api_id = aws_api_gateway_rest_api.rest[0].id
  parent_id   = aws_api_gateway_rest_api.rest[0].root_resource_id
  path_part   = "{proxy+}"
}

resource "aws_api_gateway_method" "rest" {
  count              = local.has_apis ? 1 : 0
  rest_api_id        = aws_api_gateway_rest_api.rest[0].id
  resource_id        = aws_api_gateway_resource.rest[0].id
  http_method        = "ANY"
  authorization      = "CUSTOM"
  authorizer_id      = aws_api_gateway_authorizer.rest[0].id
  request_parameters = { "method.request.path.proxy" = true }
}

resource "aws_api_gateway_integration" "rest" {
  count                   = local.has_apis ? 1 : 0
  rest_api_id             = aws_api_gateway_rest_api.rest[0].id
  resource_id             = aws_api_gateway_resource.rest[0].id
  http_method             = aws_api_gateway_method.rest[0].http_method
  type                    = "HTTP_PROXY"
  integration_http_method = "ANY"
  uri                     = "${var.upstream_url}/{proxy}"
  request_parameters = merge(
    { "integration.request.path.proxy" = "method.request.path.proxy" },
    { for field, value in local.identity : "integration.request.header.${field}" => value },
  )
}

resource "aws_api_gateway_deployment" "rest" {
  count       = local.has_apis ? 1 : 0
  rest_api_id = aws_api_gateway_rest_api.rest[0].id

  triggers = {
    definition = sha1(jsonencode([
      aws_api_gateway_authorizer.rest[0],
      aws_api_gateway_method.rest[0],
      aws_api_gateway_integration.rest[0],
    ]))
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_api_gateway_stage" "rest" {
  count         = local.has_apis ? 1 : 0
  rest_api_id   = aws_api_gateway_rest_api.rest[0].id
  deployment_id = aws_api_gateway_deployment.rest[0].id
  stage_name    = "live"
}

resource "aws_lambda_permission" "rest" {
  count         = local.has_apis ? 1 : 0
  statement_id  = "RestApi"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.authorizer.function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_api_gateway_rest_api.rest[0].execution_arn}/authorizers/${aws_api_gateway_authorizer.rest[0].id}"
}
