//! `edge-auth aws lint`: templates held to policies.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is a failed test")]

mod common;

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
path = "/orders/{id}"
require = "jwt:corp"
"#;

const KEYS: &str = r#"
[[api_key]]
name = "partners"
prefix = "acme"
pepper = "PEPPER"
"#;

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

/// The codes that are found, each with its severity's first letter.
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
    assert_eq!(ran.code(), i32::from(codes.iter().any(|code| code.starts_with('e'))), "{}", ran.stderr());
    codes
}

#[test]
fn an_authorizer_that_keeps_what_it_may_is_in_order() {
    assert_eq!(found(TOKENS, &rest("TOKEN", "30", "method.request.header.Authorization")), [""; 0]);
    assert_eq!(found(TOKENS, &rest("REQUEST", "0", "''")), [""; 0]);
    assert_eq!(
        found(TOKENS, &http("20", "Headers: [Authorization]\n              Context: [routeKey]", true)),
        ["w simple_kept_for_route"]
    );
}

#[test]
fn our_own_template_is_in_order_for_tokens_and_keys() {
    let either = TOKENS.replace("\"jwt:corp\"", "{ any = [\"jwt:corp\", \"key:partners\"] }");
    let template = include_str!("../../../aws/template.yaml");
    assert_eq!(found(&format!("{either}{KEYS}"), template), [""; 0]);
}

#[test]
fn answers_that_are_kept_longer_than_the_bound_are_refused() {
    let header = "method.request.header.Authorization";
    assert_eq!(found(TOKENS, &rest("TOKEN", "31", header)), ["e ttl_exceeds_bound"]);
    // What is not said is 300 seconds.
    let unsaid = rest("TOKEN", "0", header).replace("      AuthorizerResultTtlInSeconds: 0\n", "");
    assert_eq!(found(TOKENS, &unsaid), ["e ttl_exceeds_bound"]);
    assert_eq!(found(&format!("{TOKENS}[revocation]\nbound = \"5m\"\n"), &unsaid), [""; 0]);
    assert_eq!(found(TOKENS, &rest("TOKEN", "!Ref Seconds", header)), ["w ttl_unknown"]);
    let fed = |cache: &str| {
        format!("{TOKENS}[revocation]\nsecret = \"PEPPER\"\nbound = \"60s\"\ngateway_cache = \"{cache}\"\n")
    };
    assert_eq!(found(&fed("30s"), &rest("TOKEN", "30", header)), [""; 0]);
    assert_eq!(found(&fed("10s"), &rest("TOKEN", "30", header)), ["e ttl_exceeds_bound"]);
    let keys = format!("{KEYS}[[rule]]\npath = \"/a\"\nrequire = \"key:partners\"\n");
    let by_key = rest("REQUEST", "21", "method.request.header.X-API-Key");
    assert_eq!(found(&keys, &by_key), ["e ttl_exceeds_bound", "w network_bound_keys_with_caching"]);
}

#[test]
fn a_simple_answer_is_kept_for_every_route_unless_it_is_kept_by_route() {
    assert_eq!(found(TOKENS, &http("20", "Headers: [Authorization]", true)), ["e simple_without_route_key"]);
    assert_eq!(found(TOKENS, &http("0", "Headers: [Authorization]", true)), [""; 0]);
}

#[test]
fn identity_sources_that_are_known_only_later_switch_no_check_off() {
    let unsafe_ones = [
        "e ttl_exceeds_bound",
        "w sources_unknown",
        "e credential_not_in_cache_key",
        "e simple_without_route_key",
    ];
    for later in ["[!Sub '$request.header.Authorization']", "!Ref Sources", "{ Fn::If: [A, [x], [y]] }"] {
        assert_eq!(found(TOKENS, &gateway("2.0", "true", 3600, later)), unsafe_ones, "{later}");
    }
    for later in ["Headers: [!Ref Field]", "Headers: !Ref Fields"] {
        assert_eq!(found(TOKENS, &http("20", later, true)), unsafe_ones[1..], "{later}");
    }
    let identity =
        http("20", "Headers: [Authorization]", true).replace("Identity:", "Identity: !If\n            -");
    assert_eq!(found(TOKENS, &identity)[..2], ["w ttl_unknown", "w sources_unknown"]);
    let known = "['$request.header.Authorization', '$context.routeKey', !Ref Another]";
    assert_eq!(
        found(TOKENS, &gateway("2.0", "true", 20, known)),
        ["w sources_unknown", "w simple_kept_for_route"]
    );
    // An HTTP API without any keeps nothing.
    for none in ["[]", "''", "~", "!Ref AWS::NoValue", "{ Ref: 'AWS::NoValue' }"] {
        assert_eq!(found(TOKENS, &gateway("2.0", "true", 3600, none)), [""; 0], "{none}");
    }
}

#[test]
fn the_policy_and_the_template_say_the_same_of_simple_responses() {
    assert_eq!(found(TOKENS, &http("0", "Headers: [Authorization]", false)), ["e simple_mismatch"]);
    let iam = format!("{TOKENS}[aws]\nhttp_api = \"iam\"\n");
    assert_eq!(found(&iam, &http("20", "Headers: [Authorization]", false)), [""; 0]);
}

#[test]
fn true_is_read_however_yaml_lets_it_be_written() {
    let iam = format!("{TOKENS}[aws]\nhttp_api = \"iam\"\n");
    for on in ["true", "True", "TRUE", "'true'", "yes", "on"] {
        let template = gateway("2.0", on, 20, "['$request.header.Authorization']");
        assert_eq!(found(&iam, &template), ["e simple_mismatch"], "{on}");
    }
    let later = gateway("2.0", "!Ref Simple", 20, "['$request.header.Authorization']");
    assert_eq!(found(&iam, &later), ["w simple_unknown"]);
}

#[test]
fn payload_1_0_is_answered_by_a_policy_whatever_the_policy_file_says() {
    let source = "['$request.header.Authorization']";
    assert_eq!(found(TOKENS, &gateway("1.0", "false", 20, source)), [""; 0]);
    assert_eq!(found(TOKENS, &gateway("1.0", "true", 20, source)), ["e simple_mismatch"]);
    let nested = format!("{TOKENS}[[rule]]\npath = \"/orders/{{id}}/items\"\nrequire = \"jwt:corp\"\n");
    assert_eq!(found(&nested, &gateway("1.0", "false", 20, source)), ["e unsaid_by_iam"]);
}

#[test]
fn a_token_event_has_one_credential_and_its_answer_is_kept_for_that() {
    let either = TOKENS.replace("\"jwt:corp\"", "{ any = [\"jwt:corp\", \"key:partners\"] }");
    let header = "method.request.header.Authorization";
    assert_eq!(
        found(&format!("{either}{KEYS}"), &rest("TOKEN", "5", header)),
        ["w identity_source_required"]
    );
}

#[test]
fn what_is_advised_about_one_finding_is_no_other_finding() {
    let folder = Folder::with_policy(
        &(TOKENS.replace("\"jwt:corp\"", "{ any = [\"jwt:corp\", \"key:partners\"] }") + KEYS),
    );
    let told = |template: &str| {
        folder.write("template.yaml", template);
        folder.run(&["aws", "lint", "template.yaml"]).stdout()
    };
    let header = "method.request.header.Authorization";
    let advice = "API keys may come as `Authorization: ApiKey …`";
    let kept = told(&rest("REQUEST", "5", header));
    assert!(!kept.contains(advice) && kept.contains("a TOKEN authorizer"), "{kept}");
    let kept = told(&gateway("1.0", "false", 5, "['$request.header.Authorization']"));
    assert!(!kept.contains(advice) && !kept.contains("a TOKEN authorizer"), "{kept}");
    for right in [rest("TOKEN", "5", header), gateway("2.0", "true", 0, "['$request.header.Authorization']")]
    {
        let told = told(&right);
        assert!(told.contains(advice), "{told}");
    }
}

#[test]
fn a_credential_that_no_answer_is_kept_apart_for_is_refused() {
    let any = format!(
        "{TOKENS}{KEYS}[[rule]]\npath = \"/b\"\nrequire = {{ any = [\"jwt:corp\", \"key:partners\"] }}\n"
    );
    let codes = found(&any, &rest("REQUEST", "10", "method.request.header.Authorization"));
    assert_eq!(
        codes,
        ["w identity_source_required", "e credential_not_in_cache_key", "w network_bound_keys_with_caching"]
    );
    assert_eq!(found(&any, &rest("REQUEST", "0", "method.request.header.Authorization")), [""; 0]);
    let both =
        "method.request.header.Authorization, method.request.header.x-api-key, context.identity.sourceIp";
    let codes = found(&any, &rest("REQUEST", "10", both));
    assert_eq!(codes, ["w identity_source_required", "w identity_source_required"]);
}

#[test]
fn a_token_in_a_field_of_its_own_is_a_credential_like_any_other() {
    let own = TOKENS.replace("keys =", "token_header = \"x-id-token\"\nkeys =");
    let header = "method.request.header.Authorization";
    let codes = found(&own, &rest("REQUEST", "20", header));
    assert_eq!(codes, ["w identity_source_required", "e credential_not_in_cache_key"]);
    assert_eq!(found(&own, &rest("REQUEST", "20", "method.request.header.X-Id-Token")), [""; 0]);
    assert_eq!(
        found(&own, &rest("TOKEN", "20", "method.request.header.X-Id-Token")),
        ["e token_event_lacks"]
    );
    // A rule that can be met by either is in need of both.
    let access = "[[issuer]]\nname = \"access\"\npreset = \"cloudflare-access\"\nissuer = \"https://acme.cloudflareaccess.com\"\n\
                  audience = \"aud\"\nkeys = { discover = true }\n";
    let either = TOKENS.replace("\"jwt:corp\"", "{ any = [\"jwt:corp\", \"jwt:access\"] }");
    let codes = found(&format!("{access}{either}"), &rest("REQUEST", "20", header));
    assert_eq!(codes, ["w identity_source_required", "e credential_not_in_cache_key"]);
}

#[test]
fn issuers_whose_tokens_come_by_one_field_need_no_other() {
    let other = "[[issuer]]\nname = \"other\"\nissuer = \"https://other.example.com/\"\naudience = \"api\"\n\
                 keys = { discover = true }\n";
    let either = TOKENS.replace("\"jwt:corp\"", "{ any = [\"jwt:corp\", \"jwt:other\"] }");
    let template = rest("REQUEST", "20", "method.request.header.Authorization");
    assert_eq!(found(&format!("{other}{either}"), &template), [""; 0]);
}

#[test]
fn certificates_and_hosts_are_not_in_a_token_event_and_not_in_what_answers_are_kept_for() {
    let block = "[[client_cert]]\nname = \"agents\"\nsource = \"api-gateway\"\nissuer_dn = \"CN=A\"\nidentity = \"serial\"\n";
    let bound = format!("{TOKENS}{block}");
    let header = "method.request.header.Authorization";
    assert_eq!(found(&bound, &rest("REQUEST", "10", header)), ["e bound_token_with_caching"]);
    // Without a certificate, a bound token is refused.
    assert_eq!(found(&bound, &rest("TOKEN", "10", header)), [""; 0]);
    let agents = format!("{bound}[[rule]]\npath = \"/jobs\"\nrequire = \"cert:agents\"\n");
    let codes = found(&agents, &rest("REQUEST", "10", header));
    assert_eq!(codes, ["w identity_source_required", "e certificate_with_caching"]);
    let codes = found(&agents, &rest("TOKEN", "0", header));
    assert_eq!(codes, ["e token_event_lacks", "w identity_source_required"]);
    let hosts =
        format!("{TOKENS}[[rule]]\nhost = \"a.example.com\"\npath = \"/a\"\nrequire = \"jwt:corp\"\n");
    let codes = found(&hosts, &rest("REQUEST", "10", &format!("{header},method.request.header.Host")));
    assert_eq!(codes, ["e unsaid_by_iam"]);
    assert_eq!(found(&hosts, &rest("REQUEST", "10", header)), ["e host_with_caching", "e unsaid_by_iam"]);
}

#[test]
fn rules_that_iam_cannot_say_are_refused_if_anything_is_kept() {
    let nested = format!("{TOKENS}[[rule]]\npath = \"/orders/{{id}}/items\"\nrequire = \"jwt:corp\"\n");
    let header = "method.request.header.Authorization";
    assert_eq!(found(&nested, &rest("TOKEN", "10", header)), ["e unsaid_by_iam"]);
    assert_eq!(found(&nested, &rest("TOKEN", "0", header)), [""; 0]);
}

#[test]
fn a_public_rule_behind_an_authorizer_is_told() {
    let public = format!("{TOKENS}[[rule]]\npath = \"/health\"\npublic = true\n");
    let header = "method.request.header.Authorization";
    assert_eq!(found(&public, &rest("TOKEN", "10", header)), ["w public_behind_authorizer"]);
}

#[test]
fn a_default_endpoint_beside_mutual_tls_is_refused() {
    let api = |closed: &str| {
        format!(
            "{}  Domain:\n    Type: AWS::ApiGateway::DomainName\n    Properties:\n      MutualTlsAuthentication: {{ TruststoreUri: s3://b/t.pem }}\n  \
             Api:\n    Type: AWS::ApiGateway::RestApi\n    Properties:\n      Name: api\n{closed}",
            rest("TOKEN", "0", "method.request.header.Authorization")
        )
    };
    assert_eq!(found(TOKENS, &api("")), ["e execute_api_open"]);
    assert_eq!(found(TOKENS, &api("      DisableExecuteApiEndpoint: True\n")), [""; 0]);
}

#[test]
fn what_sam_s_globals_say_is_said_of_every_api() {
    let authorizer = |ttl: u32| {
        format!(
            "Auth:\n      Authorizers:\n        Gate:\n          FunctionArn: !GetAtt F.Arn\n          \
             AuthorizerPayloadFormatVersion: '2.0'\n          EnableSimpleResponses: true\n          \
             Identity: {{ Headers: [Authorization], ReauthorizeEvery: {ttl} }}\n"
        )
    };
    let template =
        |ttl: u32, api: &str| format!("Globals:\n  HttpApi:\n    {}Resources:\n{api}", authorizer(ttl));
    let both = ["e ttl_exceeds_bound", "e simple_without_route_key"];
    // The API that SAM makes for functions' events has no resource of its own.
    assert_eq!(found(TOKENS, &template(3600, "  F: { Type: AWS::Serverless::Function }\n")), both);
    let plain = "  Api: { Type: AWS::Serverless::HttpApi, Properties: { StageName: live } }\n";
    assert_eq!(found(TOKENS, &template(3600, plain)), both);
    // A resource says the rest, and differs.
    let own = "  Api:\n    Type: AWS::Serverless::HttpApi\n    Properties:\n      Auth: { Authorizers: { Gate: { Identity: { ReauthorizeEvery: 3600 } } } }\n";
    assert_eq!(found(TOKENS, &template(0, own)), both);
    let keyed = "  Api:\n    Type: AWS::Serverless::HttpApi\n    Properties:\n      Auth: { Authorizers: { Gate: { Identity: { Context: [routeKey], ReauthorizeEvery: 20 } } } }\n";
    assert_eq!(found(TOKENS, &template(0, keyed)), ["w simple_kept_for_route"]);
}

#[test]
fn a_default_endpoint_is_closed_by_sam_s_globals_too() {
    let template = |globals: &str, properties: &str| {
        format!(
            "Globals:\n  Api:\n    Domain: {{ MutualTlsAuthentication: {{ TruststoreUri: s3://b/t.pem }} }}\n{globals}{}  \
             Api:\n    Type: AWS::Serverless::Api\n    Properties: {{ StageName: live{properties} }}\n",
            rest("TOKEN", "0", "method.request.header.Authorization")
        )
    };
    let closed = "    DisableExecuteApiEndpoint: true\n";
    assert_eq!(found(TOKENS, &template("", "")), ["e execute_api_open"]);
    assert_eq!(found(TOKENS, &template(closed, "")), [""; 0]);
    assert_eq!(
        found(TOKENS, &template(closed, ", DisableExecuteApiEndpoint: false")),
        ["e execute_api_open"]
    );
}

#[test]
fn a_simple_answer_that_is_kept_for_a_route_of_many_paths_is_refused() {
    let kept = gateway("2.0", "true", 20, "['$request.header.Authorization', '$context.routeKey']");
    let with = |resource: &str| found(TOKENS, &format!("{kept}{resource}"));
    let route = |key: &str| {
        format!("  R: {{ Type: AWS::ApiGatewayV2::Route, Properties: {{ RouteKey: '{key}' }} }}\n")
    };
    let event = |path: &str| {
        format!(
            "  F: {{ Type: AWS::Serverless::Function, Properties: {{ Events: {{ E: {{ Type: HttpApi{path} }} }} }} }}\n"
        )
    };
    let api = |kind: &str, path: &str| {
        format!(
            "  A: {{ Type: {kind}, Properties: {{ DisableExecuteApiEndpoint: true, Body: {{ openapi: 3.0.1, paths: {{ '{path}': {{}} }} }} }} }}\n"
        )
    };
    for greedy in [
        route("$default"),
        route("ANY /v1/{proxy+}"),
        event(""),
        event(", Properties: { Path: '/{proxy+}', Method: any }"),
        api("AWS::ApiGatewayV2::Api", "/{proxy+}"),
        api("AWS::ApiGatewayV2::Api", "/$default"),
    ] {
        assert_eq!(with(&greedy), ["e simple_kept_for_route"], "{greedy}");
    }
    for exact in [
        route("GET /orders/{id}"),
        event(", Properties: { Path: '/orders/{id}', Method: get }"),
        api("AWS::ApiGatewayV2::Api", "/orders/{id}"),
        // A route of a REST API.
        api("AWS::ApiGateway::RestApi", "/{proxy+}"),
    ] {
        assert_eq!(with(&exact), ["w simple_kept_for_route"], "{exact}");
    }
}

#[test]
fn an_openapi_file_is_read_too() {
    let file = r#"{
      "openapi": "3.0.1",
      "components": { "securitySchemes": { "gate": {
        "type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "custom",
        "x-amazon-apigateway-authorizer": {
          "type": "request", "identitySource": "$request.header.Authorization", "authorizerPayloadFormatVersion": "2.0",
          "enableSimpleResponses": true, "authorizerResultTtlInSeconds": 300
        }
      } } }
    }"#;
    assert_eq!(found(TOKENS, file), ["e ttl_exceeds_bound", "e simple_without_route_key"]);
}

#[test]
fn a_finding_says_where_and_what_to_do() {
    let folder = Folder::with_policy(TOKENS);
    folder.write("template.yaml", &rest("TOKEN", "300", "method.request.header.Authorization"));
    let ran = folder.run(&["aws", "lint", "template.yaml"]);
    assert_eq!(ran.code(), 1);
    let told = ran.stdout();
    assert!(told.contains("template.yaml:2: error ttl_exceeds_bound"), "{told}");
    assert!(told.contains("Gate: answers are kept for 300 s") && told.contains("30 s at most"), "{told}");
    assert!(told.contains("1 authorizer: 1 error, 0 warnings"), "{told}");
}

#[test]
fn a_file_without_an_authorizer_or_that_is_none_is_refused() {
    let folder = Folder::with_policy(TOKENS);
    folder.write("empty.yaml", "Resources: {}\n");
    let ran = folder.run(&["aws", "lint", "empty.yaml"]);
    assert_eq!(ran.code(), 1);
    assert!(ran.stderr().contains("no Lambda authorizer"), "{}", ran.stderr());
    folder.write("broken.yaml", "a: [\n");
    assert_eq!(folder.run(&["aws", "lint", "broken.yaml"]).code(), 2);
    assert_eq!(folder.run(&["aws", "lint", "missing.yaml"]).code(), 3);
}
