//! Sends the sample events of AWS's documentation, which the crate `aws_lambda_events` collects.
//! They have no credentials, so all are refused, and each answer must have the form of AWS's types.

use std::path::PathBuf;
use std::process::Command;

use aws_lambda_events::apigw::{
    ApiGatewayCustomAuthorizerResponse, ApiGatewayProxyResponse,
    ApiGatewayV2CustomAuthorizerSimpleResponse,
};
use edge_auth_testkit::iam;
use serde_json::Value;

use super::*;

/// Returns the folder of the crate. Cargo may download packages of other platforms to find it.
fn samples() -> PathBuf {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .output()
        .unwrap();
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == "aws_lambda_events").unwrap();
    let manifest = PathBuf::from(package["manifest_path"].as_str().unwrap());
    manifest.with_file_name("src").join("fixtures")
}

fn sample(name: &str) -> Value {
    let text = std::fs::read(samples().join(format!("example-{name}.json"))).unwrap();
    serde_json::from_slice(&text).unwrap()
}

#[test]
fn sample_events_of_authorizers_are_parsed_and_refused() {
    let running = running(POLICY);
    for name in
        ["apigw-custom-auth-request-type-request", "apigw-v2-custom-authorizer-websocket-request"]
    {
        let invoked = running.function.invoke(sample(name).to_string().into_bytes()).unwrap();
        // No rule matches their paths; the rule for the WebSocket requires a credential.
        match invoked {
            Ok(answer) => {
                let typed: ApiGatewayCustomAuthorizerResponse =
                    serde_json::from_slice(&answer).unwrap();
                assert_eq!(typed.policy_document.statement.len(), 1, "{name}");
                let answer: Value = serde_json::from_slice(&answer).unwrap();
                assert!(
                    !iam::allows(&answer, sample(name)["methodArn"].as_str().unwrap()),
                    "{name}"
                );
            }
            Err(error) => assert_eq!(error["errorMessage"], "Unauthorized", "{name}"),
        }
    }
    // Its stage is `*`, which real calls never have.
    let answer = running.answer(&sample("apigw-custom-auth-request"));
    assert_eq!(answer["policyDocument"]["Statement"][0]["Effect"], "Deny");
    for name in [
        "apigw-v2-custom-authorizer-v2-request",
        "apigw-v2-custom-authorizer-v2-request-null-maps",
        "apigw-v2-custom-authorizer-v2-request-without-cookies",
        "apigw-v2-custom-authorizer-v2-request-without-identity-source",
    ] {
        let answer = running.answer(&sample(name));
        let typed: ApiGatewayV2CustomAuthorizerSimpleResponse<Value> =
            serde_json::from_value(answer).unwrap();
        assert!(!typed.is_authorized, "{name}");
    }
    let answer = running.answer(&sample("apigw-v2-custom-authorizer-v1-request"));
    assert!(!iam::allows(
        &answer,
        "arn:aws:execute-api:us-east-1:123456789012:abcdef123/test/GET/request"
    ));
    assert_eq!(running.answer(&sample("appsync-lambda-auth-request"))["isAuthorized"], false);
}

#[test]
fn sample_events_of_http_are_parsed_and_get_404() {
    let running = running(POLICY);
    for name in [
        "alb-lambda-target-request-headers-only",
        "alb-lambda-target-request-multivalue-headers",
        "apigw-request",
        "apigw-request-multi-value-parameters",
        "apigw-console-test-request",
        "apigw-sam-rest-request",
    ] {
        let typed: ApiGatewayProxyResponse =
            serde_json::from_value(running.answer(&sample(name))).unwrap();
        assert_eq!(typed.status_code, 404, "{name}");
    }
    for name in ["apigw-v2-request-iam", "apigw-v2-request-no-authorizer", "apigw-sam-http-request"]
    {
        assert_eq!(running.answer(&sample(name))["statusCode"], 404, "{name}");
    }
}
