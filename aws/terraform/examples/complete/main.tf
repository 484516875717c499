# Both functions, their table, and an HTTP API and a REST API in front of https://api.example.com.
terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.28, < 7"
    }
  }
}

provider "aws" {
  region = "eu-west-1"
}

module "edge_auth" {
  source = "../.."

  authorizer_zip = "../../../../target/lambda/edge-auth-authorizer/bootstrap.zip"
  control_zip    = "../../../../target/lambda/edge-auth-control/bootstrap.zip"
  secrets        = { PEPPER = "edge-auth/pepper", REVOCATION = "edge-auth/revocation" }
  upstream_url   = "https://api.example.com"
}

output "http_api_url" {
  value = module.edge_auth.http_api_url
}

output "control_url" {
  value = module.edge_auth.control_url
}
