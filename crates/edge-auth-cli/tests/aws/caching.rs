//! Findings about answers that API Gateway caches.

use crate::common::Folder;
use crate::{KEYS, TOKENS, each_order, found, gateway, http, rest};

#[test]
fn caching_for_longer_than_the_bound_is_refused() {
    let header = "method.request.header.Authorization";
    assert_eq!(found(TOKENS, &rest("TOKEN", "31", header)), ["e ttl_exceeds_bound"]);
    // The default is 300 seconds.
    let unsaid = rest("TOKEN", "0", header).replace("      AuthorizerResultTtlInSeconds: 0\n", "");
    assert_eq!(found(TOKENS, &unsaid), ["e ttl_exceeds_bound"]);
    assert_eq!(found(&format!("{TOKENS}[revocation]\nbound = \"5m\"\n"), &unsaid), [""; 0]);
    assert_eq!(found(TOKENS, &rest("TOKEN", "!Ref Seconds", header)), ["w ttl_unknown"]);
    let fed = |cache: &str| {
        format!(
            "{TOKENS}[revocation]\nsecret = \"PEPPER\"\nbound = \"60s\"\ngateway_cache = \"{cache}\"\n"
        )
    };
    assert_eq!(found(&fed("30s"), &rest("TOKEN", "30", header)), [""; 0]);
    assert_eq!(found(&fed("10s"), &rest("TOKEN", "30", header)), ["e ttl_exceeds_bound"]);
    let keys = format!("{KEYS}[[rule]]\npath = \"/a\"\nrequire = \"key:partners\"\n");
    let by_key = rest("REQUEST", "21", "method.request.header.X-API-Key");
    assert_eq!(found(&keys, &by_key), ["e ttl_exceeds_bound", "w network_bound_keys_with_caching"]);
}

#[test]
fn a_cached_simple_answer_needs_the_route_key_as_identity_source() {
    assert_eq!(
        found(TOKENS, &http("20", "Headers: [Authorization]", true)),
        ["e simple_without_route_key"]
    );
    assert_eq!(found(TOKENS, &http("0", "Headers: [Authorization]", true)), [""; 0]);
}

#[test]
fn payload_1_0_always_needs_iam_policies() {
    let source = "['$request.header.Authorization']";
    assert_eq!(found(TOKENS, &gateway("1.0", "false", 20, source)), [""; 0]);
    assert_eq!(found(TOKENS, &gateway("1.0", "true", 20, source)), ["e simple_mismatch"]);
    let nested = format!(
        "{}[[rule]]\npath = \"/orders/{{id}}/items\"\nrequire = \"jwt:corp\"\n",
        each_order()
    );
    assert_eq!(
        found(&nested, &gateway("1.0", "false", 20, source)),
        ["e iam_inexpressible", "e iam_inexpressible"]
    );
}

#[test]
fn the_cache_key_of_a_token_event_is_its_credential() {
    let either = TOKENS.replace("\"jwt:corp\"", "{ any = [\"jwt:corp\", \"key:partners\"] }");
    let header = "method.request.header.Authorization";
    assert_eq!(
        found(&format!("{either}{KEYS}"), &rest("TOKEN", "5", header)),
        ["w identity_source_required"]
    );
}

#[test]
fn the_advice_of_a_finding_does_not_lead_to_another_finding() {
    let folder = Folder::with_policy(
        &(TOKENS.replace("\"jwt:corp\"", "{ any = [\"jwt:corp\", \"key:partners\"] }") + KEYS),
    );
    let report = |template: &str| {
        folder.write("template.yaml", template);
        folder.run(&["aws", "lint", "template.yaml"]).stdout()
    };
    let header = "method.request.header.Authorization";
    let advice = "API keys may come as `Authorization: ApiKey …`";
    let kept = report(&rest("REQUEST", "5", header));
    assert!(!kept.contains(advice) && kept.contains("a TOKEN authorizer"), "{kept}");
    let kept = report(&gateway("1.0", "false", 5, "['$request.header.Authorization']"));
    assert!(!kept.contains(advice) && !kept.contains("a TOKEN authorizer"), "{kept}");
    for right in
        [rest("TOKEN", "5", header), gateway("2.0", "true", 0, "['$request.header.Authorization']")]
    {
        let text = report(&right);
        assert!(text.contains(advice), "{text}");
    }
}

#[test]
fn a_credential_outside_of_the_cache_key_is_refused() {
    let any = format!(
        "{TOKENS}{KEYS}[[rule]]\npath = \"/b\"\nrequire = {{ any = [\"jwt:corp\", \"key:partners\"] }}\n"
    );
    let codes = found(&any, &rest("REQUEST", "10", "method.request.header.Authorization"));
    assert_eq!(
        codes,
        [
            "w identity_source_required",
            "e credential_not_in_cache_key",
            "w network_bound_keys_with_caching"
        ]
    );
    assert_eq!(found(&any, &rest("REQUEST", "0", "method.request.header.Authorization")), [""; 0]);
    let both = "method.request.header.Authorization, method.request.header.x-api-key, context.identity.sourceIp";
    let codes = found(&any, &rest("REQUEST", "10", both));
    assert_eq!(codes, ["w identity_source_required", "w identity_source_required"]);
}

#[test]
fn a_token_in_another_field_must_be_in_the_cache_key_too() {
    let own = TOKENS.replace("keys =", "token_header = \"x-id-token\"\nkeys =");
    let header = "method.request.header.Authorization";
    let codes = found(&own, &rest("REQUEST", "20", header));
    assert_eq!(codes, ["e identity_source_without_credential", "e credential_not_in_cache_key"]);
    assert_eq!(found(&own, &rest("REQUEST", "20", "method.request.header.X-Id-Token")), [""; 0]);
    // A rule that accepts either needs both.
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
fn certificates_and_hosts_are_neither_in_token_events_nor_in_cache_keys() {
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
    let hosts = format!(
        "{TOKENS}[[rule]]\nhost = \"a.example.com\"\npath = \"/a\"\nrequire = \"jwt:corp\"\n"
    );
    let codes =
        found(&hosts, &rest("REQUEST", "10", &format!("{header},method.request.header.Host")));
    assert_eq!(codes, ["e iam_inexpressible"]);
    assert_eq!(
        found(&hosts, &rest("REQUEST", "10", header)),
        ["e host_with_caching", "e iam_inexpressible"]
    );
}

#[test]
fn a_policy_that_iam_cannot_express_is_refused_with_caching() {
    let iam = format!("{}[aws]\nhttp_api = \"iam\"\n", each_order());
    // A wildcard takes more of the decoded paths of an HTTP API than the gate does.
    assert_eq!(
        found(&iam, &http("20", "Headers: [Authorization]", false)),
        ["e iam_inexpressible"]
    );
    let rule = |n| format!("[[rule]]\npath = \"/v1/resource{n}\"\nrequire = \"jwt:corp\"\n");
    let many: String = (0..100).map(rule).collect();
    let header = "method.request.header.Authorization";
    assert!(
        found(&format!("{TOKENS}{many}"), &rest("TOKEN", "10", header))
            .contains(&"e iam_inexpressible".to_owned())
    );
}

#[test]
fn percent_encoded_paths_are_reported_where_a_wildcard_would_have_to_match_them() {
    let header = "method.request.header.Authorization";
    let warned = |policy: &str, ttl: &str| {
        let codes = found(policy, &rest("TOKEN", ttl, header));
        codes.contains(&"w encoded_paths_with_caching".to_owned())
    };
    assert!(warned(&each_order(), "10") && !warned(&each_order(), "0"));
    assert!(!warned(TOKENS, "10"));
}

#[test]
fn rules_that_iam_cannot_express_are_refused_with_caching() {
    let nested = format!(
        "{}[[rule]]\npath = \"/orders/{{id}}/items\"\nrequire = \"jwt:corp\"\n",
        each_order()
    );
    let header = "method.request.header.Authorization";
    let codes = found(&nested, &rest("TOKEN", "10", header));
    assert_eq!(codes, ["e iam_inexpressible", "w encoded_paths_with_caching"]);
    assert_eq!(found(&nested, &rest("TOKEN", "0", header)), [""; 0]);
}

#[test]
fn caching_a_simple_answer_for_a_route_of_many_paths_is_refused() {
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
fn a_rule_with_when_is_refused_with_caching() {
    let office = TOKENS.replace(
        "require = \"jwt:corp\"",
        "require = \"jwt:corp\"\nwhen = { networks = [\"192.0.2.0/24\"] }",
    );
    let header = "method.request.header.Authorization";
    assert_eq!(found(&office, &rest("REQUEST", "10", header)), ["e when_with_caching"]);
    assert_eq!(found(&office, &rest("REQUEST", "0", header)), [""; 0]);
    assert_eq!(found(&office, &rest("TOKEN", "0", header)), ["e token_event_lacks"]);
}
