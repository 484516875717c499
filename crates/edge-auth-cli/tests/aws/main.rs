//! `edge-auth aws lint`: templates compared with policies.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is a failed test"
)]

mod caching;
mod callers;
#[path = "../common/mod.rs"]
mod common;
mod elsewhere;
mod identity;
mod read;
mod token_places;

use common::Folder;
use serde_json::Value;

const TOKENS: &str = r#"
[[issuer]]
name = "corp"
issuer = "https://login.example.com/"
audience = "api"
keys = { discover = true }

[[rule]]
name = "orders"
path = "/orders"
require = "jwt:corp"
"#;

/// The policy `TOKENS`, with a rule for each order.
fn each_order() -> String {
    TOKENS.replace("/orders", "/orders/{id}")
}

const KEYS: &str = r#"
[[api_key]]
name = "partners"
prefix = "acme"
pepper = "PEPPER"
"#;

const TEMPLATE: &str = include_str!("../../../../aws/template.yaml");

/// A REST API's authorizer.
fn rest(kind: &str, ttl: &str, sources: &str) -> String {
    format!(
        "Resources:\n  Gate:\n    Type: AWS::ApiGateway::Authorizer\n    Properties:\n      Type: {kind}\n      \
         AuthorizerUri: !Sub '${{Function.Arn}}'\n      AuthorizerResultTtlInSeconds: {ttl}\n      \
         IdentitySource: {sources}\n"
    )
}

/// An HTTP API's authorizer, as SAM writes it.
fn http(ttl: &str, identity: &str, simple: bool) -> String {
    format!(
        "Transform: AWS::Serverless-2016-10-31\nResources:\n  Api:\n    Type: AWS::Serverless::HttpApi\n    Properties:\n      \
         Auth:\n        Authorizers:\n          Gate:\n            FunctionArn: !GetAtt Gate.Arn\n            \
         AuthorizerPayloadFormatVersion: '2.0'\n            EnableSimpleResponses: {simple}\n            \
         Identity:\n              ReauthorizeEvery: {ttl}\n              {identity}\n"
    )
}

/// An HTTP API's authorizer, as CloudFormation writes it.
fn gateway(payload: &str, simple: &str, ttl: u32, sources: &str) -> String {
    format!(
        "Resources:\n  Gate:\n    Type: AWS::ApiGatewayV2::Authorizer\n    Properties:\n      AuthorizerType: REQUEST\n      \
         AuthorizerPayloadFormatVersion: '{payload}'\n      EnableSimpleResponses: {simple}\n      \
         AuthorizerResultTtlInSeconds: {ttl}\n      IdentitySource: {sources}\n"
    )
}

/// Returns the codes of the findings, each after the first letter of its severity.
fn found(policy: &str, template: &str) -> Vec<String> {
    let folder = Folder::with_policy(policy);
    folder.write("template.yaml", template);
    let ran = folder.run(&["--json", "aws", "lint", "template.yaml"]);
    let report = ran.report();
    let code = |finding: &Value| {
        let text = |name: &str| finding[name].as_str().unwrap().to_owned();
        format!("{} {}", text("severity").get(..1).unwrap(), text("code"))
    };
    let codes: Vec<String> = report["findings"].as_array().unwrap().iter().map(code).collect();
    assert_eq!(
        ran.code(),
        i32::from(codes.iter().any(|code| code.starts_with('e'))),
        "{}",
        ran.stderr()
    );
    codes
}

#[test]
fn an_authorizer_that_caches_within_the_bound_is_accepted() {
    assert_eq!(found(TOKENS, &rest("TOKEN", "30", "method.request.header.Authorization")), [""; 0]);
    assert_eq!(found(TOKENS, &rest("REQUEST", "0", "''")), [""; 0]);
    assert_eq!(
        found(
            TOKENS,
            &http("20", "Headers: [Authorization]\n              Context: [routeKey]", true)
        ),
        ["w simple_kept_for_route"]
    );
}

#[test]
fn the_template_of_this_repository_fits_a_policy_with_tokens_and_keys() {
    let either = TOKENS.replace("\"jwt:corp\"", "{ any = [\"jwt:corp\", \"key:partners\"] }");
    assert_eq!(found(&format!("{either}{KEYS}"), TEMPLATE), [""; 0]);
}

#[test]
fn the_template_of_this_repository_has_an_alarm_for_every_outage() {
    for code in edge_auth::Code::ALL {
        let named = TEMPLATE.contains(&format!("($.code = \"{}\")", code.name()));
        assert_eq!(named, code.is_outage(), "{}", code.name());
    }
}

#[test]
fn the_policy_and_the_template_must_agree_about_simple_responses() {
    assert_eq!(found(TOKENS, &http("0", "Headers: [Authorization]", false)), ["e simple_mismatch"]);
    let iam = format!("{TOKENS}[aws]\nhttp_api = \"iam\"\n");
    assert_eq!(found(&iam, &http("0", "Headers: [Authorization]", false)), [""; 0]);
}

#[test]
fn a_public_rule_behind_an_authorizer_is_reported() {
    let public = format!("{TOKENS}[[rule]]\npath = \"/health\"\npublic = true\n");
    let header = "method.request.header.Authorization";
    assert_eq!(found(&public, &rest("TOKEN", "10", header)), ["w public_behind_authorizer"]);
}

#[test]
fn a_finding_names_the_line_and_says_what_to_do() {
    let folder = Folder::with_policy(TOKENS);
    folder.write("template.yaml", &rest("TOKEN", "300", "method.request.header.Authorization"));
    let ran = folder.run(&["aws", "lint", "template.yaml"]);
    assert_eq!(ran.code(), 1);
    let report = ran.stdout();
    assert!(report.contains("template.yaml:2: error ttl_exceeds_bound"), "{report}");
    assert!(
        report.contains("Gate: API Gateway caches answers for 300 s")
            && report.contains("30 s at most"),
        "{report}"
    );
    assert!(report.contains("1 authorizer: 1 error, 0 warnings"), "{report}");
}

#[test]
fn a_file_without_an_authorizer_or_without_a_template_is_refused() {
    let folder = Folder::with_policy(TOKENS);
    folder.write("empty.yaml", "Resources: {}\n");
    let ran = folder.run(&["aws", "lint", "empty.yaml"]);
    assert_eq!(ran.code(), 1);
    assert!(ran.stderr().contains("no Lambda authorizer"), "{}", ran.stderr());
    folder.write("broken.yaml", "a: [\n");
    assert_eq!(folder.run(&["aws", "lint", "broken.yaml"]).code(), 2);
    assert_eq!(folder.run(&["aws", "lint", "missing.yaml"]).code(), 3);
}

#[test]
fn every_code_of_a_finding_is_in_the_table() {
    let table = include_str!("../../../../aws/README.md");
    let mut codes = 0;
    for source in [
        include_str!("../../src/aws/rules.rs"),
        include_str!("../../src/aws/caching.rs"),
        include_str!("../../src/aws/credential_sources.rs"),
        include_str!("../../src/aws/preflight.rs"),
    ] {
        let quoted = source.split('"').skip(1).step_by(2);
        for code in quoted.filter(|text| {
            text.contains('_') && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        }) {
            assert!(table.contains(&format!("`{code}`")), "{code}");
            codes += 1;
        }
    }
    assert!(codes > 15, "{codes}");
}
