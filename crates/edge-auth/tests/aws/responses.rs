//! What an authorizer answers to each kind of call.

use edge_auth::aws::AuthorizerError;
use edge_auth_testkit::certificates::{Authority, AuthorityPlan, ClientPlan};

use super::*;

fn orders() -> Arc<Gate<TestPlatform>> {
    let rules = r#"
[[rule]]
path = "/v1/orders/{id}"
methods = ["GET"]
require = "jwt:corp"
scopes = ["orders:read"]

[[rule]]
path = "/v1/files/secret"
require = "jwt:corp"
scopes = ["root"]

[[rule]]
path = "/v1/files/{*rest}"
methods = ["GET"]
require = "jwt:corp"

[[rule]]
path = "/health"
public = true

[[rule]]
path = "/$connect"
require = "jwt:corp"
upgrade = true
"#;
    gate(&format!("{}{rules}", issuer("corp")))
}

fn bearer(scopes: &str) -> String {
    format!("Bearer {}", token("corp", scopes))
}

#[test]
fn an_answer_for_one_route_is_right_for_the_next() {
    let gate = orders();
    let token = bearer("orders:read");
    let answer = json(&ask(
        &gate,
        ApiType::Rest,
        &format!("{STAGE}GET/v1/orders/42"),
        &[("authorization", &token)],
    ));
    for allowed in [
        "GET/v1/orders/42",
        "GET/v1/orders/43",
        "HEAD/v1/orders/1",
        "GET/v1/files",
        "GET/v1/files/a/b",
        "DELETE/health",
    ] {
        assert!(iam_allows(&answer, &format!("{STAGE}{allowed}")), "{allowed}: {answer}");
    }
    for denied in [
        "POST/v1/orders/42",
        "GET/v1/orders/42/items",
        "GET/v1/orders/",
        "GET/v1/files/secret",
        "GET/v1/files/../admin",
        "GET/v1/files/%2e%2e/admin",
        "GET/v1/files//a",
        "GET/",
        "GET/x/health",
    ] {
        assert!(!iam_allows(&answer, &format!("{STAGE}{denied}")), "{denied}: {answer}");
    }
    assert!(!iam_allows(
        &answer,
        "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/test/GET/health"
    ));
    assert_eq!(answer["principalId"], "jwt:corp:alice");
    assert_eq!(answer["context"]["subject"], "alice");
    assert_eq!(answer["context"]["scopes"], "orders:read");
    assert_eq!(answer["context"]["client"], "");
}

#[test]
fn a_refused_route_says_what_else_the_caller_may_do() {
    let gate = orders();
    let token = bearer("");
    for refused in ["GET/v1/orders/42", "GET/nowhere", "GET/v1/files/%2e%2e/x"] {
        let (answer, outcome) =
            ask(&gate, ApiType::Rest, &format!("{STAGE}{refused}"), &[("authorization", &token)]);
        let answer = serde_json::to_value(answer.unwrap()).unwrap();
        assert!(outcome.code().is_some());
        assert!(!iam_allows(&answer, &format!("{STAGE}{refused}")), "{refused}: {answer}");
        assert!(iam_allows(&answer, &format!("{STAGE}GET/v1/files/a")), "{refused}: {answer}");
        // It is kept for the routes that she may use, and tells them who she is.
        assert_eq!(answer["principalId"], "jwt:corp:alice");
        assert_eq!(answer["context"]["subject"], "alice");
    }
}

#[test]
fn an_answer_tells_of_one_principal_on_every_route() {
    let agents = "[[client_cert]]\nname = \"agents\"\nsource = \"api-gateway\"\nissuer_dn = \"CN=Agents CA,O=Example\"\n\
                  identity = { subject = \"CN\" }\n";
    let rules = "[[rule]]\npath = \"/token\"\nrequire = \"jwt:corp\"\n\
                 [[rule]]\npath = \"/either\"\nrequire = { any = [\"cert:agents\", \"jwt:corp\"] }\n\
                 [[rule]]\npath = \"/health\"\npublic = true\n";
    let gate = gate_of(&format!("{agents}{rules}"));
    let pem =
        Authority::root(&AuthorityPlan::named("Agents CA")).issue(&ClientPlan::default()).pem();
    let token = bearer("");
    let fields = [("authorization", token.as_bytes())];
    let incoming = InboundRequest {
        location: edge_auth::ClientLocation::default(),
        peer: None,
        platform_authenticated: false,
        method: "",
        host: Some("api.example.com"),
        authority: None,
        target: "",
        headers: Headers(&fields),
        certificate: PlatformCertificate::ApiGateway(&pem),
    };
    for (path, principal, reached) in [
        ("token", "jwt:corp:alice", ["token", "health"]),
        ("either", "cert:agents:agent", ["either", "health"]),
        // Of whom it tells does not matter here; that it is only one does.
        ("health", "jwt:corp:alice", ["token", "health"]),
    ] {
        let arn = format!("{STAGE}GET/{path}");
        let answer = json(&block_on(authorizer(&gate).authorize_method(
            ApiType::Rest,
            &arn,
            &incoming,
            NOW,
        )));
        assert_eq!(answer["principalId"], principal, "{path}");
        for other in ["token", "either", "health"] {
            let kept = iam_allows(&answer, &format!("{STAGE}GET/{other}"));
            assert_eq!(kept, reached.contains(&other), "{path}, then {other}: {answer}");
        }
    }
}

#[test]
fn who_is_not_known_is_an_error_for_rest_and_a_deny_for_http_apis() {
    let gate = orders();
    let arn = format!("{STAGE}GET/v1/orders/42");
    for fields in [&[][..], &[("authorization", "Bearer a.b.c")]] {
        assert_eq!(ask(&gate, ApiType::Rest, &arn, fields).0, Err(AuthorizerError::Unauthorized));
        let answer = json(&ask(&gate, ApiType::Http, &arn, fields));
        assert!(!iam_allows(&answer, &arn), "{answer}");
        // What is kept of it bars nobody from what is open to all.
        assert!(iam_allows(&answer, &format!("{STAGE}GET/health")), "{answer}");
    }
    assert_eq!(AuthorizerError::Unauthorized.to_string(), "Unauthorized");
}

#[test]
fn a_credential_that_one_rule_refuses_may_be_another_rules() {
    let rules = "[[rule]]\npath = \"/mine\"\nrequire = \"jwt:corp\"\n\
                 [[rule]]\npath = \"/theirs\"\nrequire = \"jwt:other\"\n";
    let gate = gate(&format!("{}{}{rules}", issuer("corp"), issuer("other")));
    let token = bearer("");
    let arn = format!("{STAGE}GET/theirs");
    let (answer, outcome) = ask(&gate, ApiType::Http, &arn, &[("authorization", &token)]);
    let answer = serde_json::to_value(answer.unwrap()).unwrap();
    assert_eq!(outcome.code().map(|code| code.status()), Some(401));
    assert!(
        !iam_allows(&answer, &arn) && iam_allows(&answer, &format!("{STAGE}GET/mine")),
        "{answer}"
    );
    assert_eq!(answer["principalId"], "jwt:corp:alice");
}

#[test]
fn a_credential_that_cannot_be_read_locks_nobody_out() {
    let gate = orders();
    let (token, large) = (bearer(""), format!("Bearer {}", "a".repeat(40_000)));
    let arn = format!("{STAGE}GET/v1/orders/42");
    let two = [("authorization", token.as_str()), ("authorization", token.as_str())];
    for (fields, status) in [(&two[..], 400), (&[("authorization", large.as_str())][..], 431)] {
        for (api, arn) in [(ApiType::Rest, &arn), (ApiType::WebSocket, &format!("{STAGE}$connect"))]
        {
            let (answer, outcome) = ask(&gate, api, arn, fields);
            assert_eq!(answer, Err(AuthorizerError::Unauthorized), "{api:?}");
            assert_eq!(outcome.code().map(|code| code.status()), Some(status));
        }
        let answer = json(&ask(&gate, ApiType::Http, &arn, fields));
        assert!(
            !iam_allows(&answer, &arn) && iam_allows(&answer, &format!("{STAGE}GET/health")),
            "{answer}"
        );
    }
}

#[test]
fn trouble_is_raised_and_never_a_deny_that_is_kept() {
    let rule = "[[rule]]\npath = \"/a\"\nrequire = \"jwt:far\"\n";
    let far = "[[issuer]]\nname = \"far\"\nissuer = \"https://far.example/\"\naudience = \"api\"\n\
               keys = { jwks_url = \"https://far.example/keys\" }\nalgorithms = [\"ES256\"]\n";
    let gate = gate(&format!("{far}{rule}"));
    let header = json!({ "alg": "ES256", "typ": "at+jwt", "kid": "k" }).to_string();
    let claims = json!({ "iss": "https://far.example/" }).to_string();
    let token = compact(header.as_bytes(), claims.as_bytes(), &Signer::Bytes(&[1; 64]));
    let bearer = format!("Bearer {token}");
    let (answer, outcome) =
        ask(&gate, ApiType::Rest, &format!("{STAGE}GET/a"), &[("authorization", &bearer)]);
    assert_eq!(answer, Err(AuthorizerError::Unavailable));
    assert!(outcome.code().is_some_and(|code| code.is_outage()));
}

/// Rules that no store and no issuer is needed for, beside others.
const AROUND: &str = "[[api_key]]\nname = \"old\"\nimported = { hash = \"sha256\" }\npepper = \"PEPPER\"\n\
    [[rule]]\npath = \"/health\"\npublic = true\n\
    [[rule]]\npath = \"/mine\"\nrequire = \"jwt:corp\"\n\
    [[rule]]\npath = \"/old\"\nrequire = \"key:old\"\n\
    [[rule]]\npath = \"/either\"\nrequire = { any = [\"key:old\", \"jwt:corp\"] }\n\
    [[rule]]\npath = \"/both\"\nrequire = { all = [\"key:old\", \"jwt:corp\"] }\n";

#[test]
fn a_key_that_is_not_there_is_looked_up_once_for_all_rules() {
    let store = MemoryApiKeys::new();
    let gate = gate_with(&format!("{}{AROUND}", issuer("corp")), &store);
    let answer = ask(
        &gate,
        ApiType::Rest,
        &format!("{STAGE}GET/nope"),
        &[("x-api-key", "no-such-key-of-old-times")],
    );
    assert!(iam_allows(&json(&answer), &format!("{STAGE}GET/health")));
    assert_eq!(store.operations().finds, 1);
}

#[test]
fn trouble_about_other_rules_is_raised_where_the_answer_may_be_kept() {
    let store = MemoryApiKeys::new();
    let gate = gate_with(&format!("{}{AROUND}", issuer("corp")), &store);
    store.set_unavailable("gone");
    let token = bearer("");
    let fields = [("authorization", token.as_str()), ("x-api-key", "some-key-or-other-of-old")];
    let (answer, outcome) = ask(&gate, ApiType::Rest, &format!("{STAGE}GET/mine"), &fields);
    assert_eq!(answer, Err(AuthorizerError::Unavailable));
    // The log knows what it was about all the same.
    assert_eq!(outcome.code().map(|code| code.name()), Some("store_unavailable"));
    assert_eq!(outcome.audit.rule.as_deref(), Some("2 /mine"));
    assert_eq!(outcome.audit.host.as_deref(), Some("api.example.com"));
    assert_eq!(outcome.audit.principal.as_deref(), Some("jwt:corp:alice"));
    assert_eq!(store.operations().finds, 1, "an outage is not waited for again");
}

#[test]
fn a_reason_that_the_authorizer_adds_is_redacted() {
    const KEY: &str = "edge-auth-admin_AAAAAAAAAAAAAAAAAAAA";
    let store = MemoryApiKeys::new();
    let gate = gate_with(&format!("{}{AROUND}", issuer("corp")), &store);
    store.set_unavailable(KEY);
    let token = bearer("");
    let fields = [("authorization", token.as_str()), ("x-api-key", "some-key-or-other-of-old")];
    let (_, outcome) = ask(&gate, ApiType::Rest, &format!("{STAGE}GET/mine"), &fields);
    let reason = outcome.audit.reason.as_deref().unwrap();
    assert!(reason.contains("(an API key)"), "{reason}");
    for text in outcome.notices.iter().map(String::as_str).chain([reason]) {
        assert!(!text.contains(KEY), "{text}");
    }
}

#[test]
fn trouble_about_other_rules_is_none_of_the_calls_where_nothing_is_kept() {
    // An answer that may depend on a certificate is not kept.
    let agents = "[[client_cert]]\nname = \"agents\"\nsource = \"api-gateway\"\nissuer_dn = \"CN=Agents CA,O=Example\"\n\
                  identity = { subject = \"CN\" }\n";
    let store = MemoryApiKeys::new();
    let gate = gate_with(&format!("{}{agents}{AROUND}", issuer("corp")), &store);
    store.set_unavailable("gone");
    let token = bearer("");
    let fields = [("authorization", token.as_str()), ("x-api-key", "some-key-or-other-of-old")];
    for (path, allowed) in [("mine", true), ("health", true), ("nope", false)] {
        let arn = format!("{STAGE}GET/{path}");
        let answered = ask(&gate, ApiType::Rest, &arn, &fields);
        assert_eq!(iam_allows(&json(&answered), &arn), allowed, "{path}");
        assert_eq!(answered.1.audit.allowed, allowed, "{path}");
        assert!(answered.1.notices.iter().any(|notice| notice.contains("gone")), "{path}");
    }
    let (answer, _) = ask(&gate, ApiType::Rest, &format!("{STAGE}GET/either"), &fields);
    assert_eq!(answer, Err(AuthorizerError::Unavailable));
}

#[test]
fn what_iam_cannot_say_is_said_for_one_call() {
    let rules = "[[rule]]\npath = \"/t/{id}\"\nrequire = \"jwt:corp\"\n\
                 [[rule]]\npath = \"/t/{id}/items\"\nrequire = \"jwt:corp\"\n";
    let gate = gate(&format!("{}{rules}", issuer("corp")));
    let token = bearer("");
    let answer = json(&ask(
        &gate,
        ApiType::Rest,
        &format!("{STAGE}GET/t/1/items"),
        &[("authorization", &token)],
    ));
    assert!(iam_allows(&answer, &format!("{STAGE}GET/t/1/items")));
    assert!(
        !iam_allows(&answer, &format!("{STAGE}GET/t/2/items"))
            && !iam_allows(&answer, &format!("{STAGE}GET/t/1"))
    );
    let inexpressible = iam_inexpressible(gate.policy(), ApiType::Rest);
    assert_eq!(inexpressible[0].rule, "1 /t/{id}");
}

#[test]
fn a_wildcard_in_a_request_never_becomes_one_of_the_policys() {
    let rules =
        "[[rule]]\nhost = \"api.example.com\"\npath = \"/t/{id}\"\nrequire = \"jwt:corp\"\n";
    let gate = gate(&format!("{}{rules}", issuer("corp")));
    let token = bearer("");
    let answer =
        json(&ask(&gate, ApiType::Rest, &format!("{STAGE}GET/t/*"), &[("authorization", &token)]));
    for path in ["t/*", "t/1", "t/1/admin"] {
        assert!(!iam_allows(&answer, &format!("{STAGE}GET/{path}")), "{answer}");
    }
}

/// So many rules for all methods.
fn resources(count: usize) -> String {
    let rule = |n| format!("[[rule]]\npath = \"/v1/resource{n}/{{id}}\"\nrequire = \"jwt:corp\"\n");
    (0..count).map(rule).collect()
}

#[test]
fn rules_for_all_methods_leave_room_for_many() {
    let gate = gate_of(&resources(20));
    assert_eq!(iam_inexpressible(gate.policy(), ApiType::Rest), []);
    let token = bearer("");
    for asked in ["v1/resource1/42", "nope"] {
        let answer = json(&ask(
            &gate,
            ApiType::Rest,
            &format!("{STAGE}GET/{asked}"),
            &[("authorization", &token)],
        ));
        assert!(answer.to_string().len() <= 8192);
        for method in ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"] {
            assert!(
                iam_allows(&answer, &format!("{STAGE}{method}/v1/resource19/43")),
                "{method}: {answer}"
            );
            for beyond in
                ["v1/resource19/43/items", "x/v1/resource19/43", "v1/resource20/43", "v1/resource1"]
            {
                assert!(
                    !iam_allows(&answer, &format!("{STAGE}{method}/{beyond}")),
                    "{beyond}: {answer}"
                );
            }
        }
    }
}

#[test]
fn a_rule_for_all_methods_is_said_though_it_ends_like_another() {
    let rules = "[[rule]]\npath = \"/orders\"\nrequire = \"jwt:corp\"\nscopes = [\"s\"]\n\
                 [[rule]]\npath = \"/v1/orders\"\nrequire = \"jwt:corp\"\n\
                 [[rule]]\npath = \"/files/{*rest}\"\nrequire = \"jwt:corp\"\n";
    let gate = gate_of(rules);
    assert_eq!(iam_inexpressible(gate.policy(), ApiType::Rest), []);
    for (scopes, orders) in [("", false), ("s", true)] {
        let token = bearer(scopes);
        let answer = json(&ask(
            &gate,
            ApiType::Rest,
            &format!("{STAGE}GET/v1/orders"),
            &[("authorization", &token)],
        ));
        assert_eq!(iam_allows(&answer, &format!("{STAGE}PUT/orders")), orders, "{answer}");
        for allowed in
            ["OPTIONS/v1/orders", "PUT/files", "DELETE/files/a/files/b", "HEAD/files/orders"]
        {
            assert!(iam_allows(&answer, &format!("{STAGE}{allowed}")), "{allowed}: {answer}");
        }
        for denied in ["PUT/v2/orders", "PUT/x/v1/orders", "PUT/x/files/a"] {
            assert!(!iam_allows(&answer, &format!("{STAGE}{denied}")), "{denied}: {answer}");
        }
    }
}

#[test]
fn an_answer_is_within_what_api_gateway_takes() {
    let gate = gate_of(&resources(200));
    let token = bearer(&"scope:".repeat(500));
    let arn = format!("{STAGE}GET/v1/resource7/42");
    let (answer, outcome) = ask(&gate, ApiType::Rest, &arn, &[("authorization", &token)]);
    let answer = serde_json::to_value(answer.unwrap()).unwrap();
    assert!(iam_allows(&answer, &arn) && answer.to_string().len() <= 8192);
    assert_eq!(answer["context"]["scopes"], "");
    assert!(
        outcome.notices.iter().any(|notice| notice.contains("`scopes`")),
        "{:?}",
        outcome.notices
    );
    let long = format!("{STAGE}GET/a/{}", "x".repeat(600));
    assert!(!iam_allows(
        &json(&ask(&gate, ApiType::Rest, &long, &[("authorization", &token)])),
        &long
    ));
}

#[test]
fn rules_that_are_too_many_or_too_long_for_a_policy_are_found_beforehand() {
    let found = |rules: &str| iam_inexpressible(gate_of(rules).policy(), ApiType::Rest);
    let many = found(&resources(200));
    assert_eq!(many.len(), 1, "{many:?}");
    assert!(many[0].reason.contains("8 KiB"), "{many:?}");
    // Whom no rule lets in by the same credential as others has room for more.
    let apart: String = resources(40).replacen("jwt:corp", "jwt:other", 20);
    let policy = format!("{}{}{apart}", issuer("corp"), issuer("other"));
    assert_eq!(iam_inexpressible(gate(&policy).policy(), ApiType::Rest), []);
    let long =
        found(&format!("[[rule]]\npath = \"/{}\"\nrequire = \"jwt:corp\"\n", "x".repeat(450)));
    assert_eq!(long[0].rule, format!("1 /{}", "x".repeat(450)));
    assert!(long[0].reason.contains("512 characters"), "{long:?}");
}

#[test]
fn a_web_socket_connects_where_a_rule_says_upgrade() {
    let gate = orders();
    let token = bearer("");
    let arn = format!("{STAGE}$connect");
    let answer = json(&ask(&gate, ApiType::WebSocket, &arn, &[("authorization", &token)]));
    assert!(iam_allows(&answer, &arn) && !iam_allows(&answer, &format!("{STAGE}GET/health")));
    assert_eq!(ask(&gate, ApiType::WebSocket, &arn, &[]).0, Err(AuthorizerError::Unauthorized));
    let closed = gate_of("[[rule]]\npath = \"/$connect\"\nrequire = \"jwt:corp\"\n");
    let answer = json(&ask(&closed, ApiType::WebSocket, &arn, &[("authorization", &token)]));
    assert!(!iam_allows(&answer, &arn), "{answer}");
}

#[test]
fn an_http_api_gets_yes_or_no_unless_the_policy_says_iam() {
    let rule = "[[rule]]\npath = \"/a b\"\nrequire = \"jwt:corp\"\n";
    let arn = format!("{STAGE}GET/a b");
    let token = bearer("");
    let fields = [("authorization", token.as_bytes())];
    let incoming = InboundRequest {
        location: edge_auth::ClientLocation::default(),
        peer: None,
        platform_authenticated: false,
        method: "GET",
        host: Some("api.example.com"),
        authority: None,
        target: "/prod/a b",
        headers: Headers(&fields),
        certificate: PlatformCertificate::Nothing,
    };
    let asked = |gate: &Arc<Gate<TestPlatform>>, incoming: &InboundRequest<'_>| {
        json(&block_on(authorizer(gate).authorize_route(&arn, incoming, NOW)))
    };
    let simple = gate_of(rule);
    let yes = asked(&simple, &incoming);
    assert_eq!((&yes["isAuthorized"], &yes["context"]["subject"]), (&json!(true), &json!("alice")));
    let no = asked(&simple, &InboundRequest { headers: Headers(&[]), ..incoming });
    assert_eq!((&no["isAuthorized"], &no["context"]["subject"]), (&json!(false), &json!("")));
    let other = asked(&simple, &InboundRequest { target: "/prod/b", ..incoming });
    assert_eq!(other["isAuthorized"], false);
    let iam = gate_of(&format!("{rule}[aws]\nhttp_api = \"iam\"\n"));
    assert!(iam_allows(&asked(&iam, &incoming), &arn));
}

#[test]
fn a_usage_plan_counts_by_what_the_policy_says() {
    let rule = "[[rule]]\npath = \"/a\"\nrequire = \"jwt:corp\"\n";
    let token = bearer("");
    let key = |aws: &str| {
        let gate = gate_of(&format!("{rule}{aws}"));
        json(&ask(&gate, ApiType::Rest, &format!("{STAGE}GET/a"), &[("authorization", &token)]))["usageIdentifierKey"].clone()
    };
    assert_eq!(key(""), Value::Null);
    assert_eq!(key("[aws]\nusage_identifier = \"principal\"\n"), "jwt:corp:alice");
    assert_eq!(key("[aws]\nusage_identifier = \"client\"\n"), Value::Null);
}

#[test]
fn an_event_without_a_host_is_refused_where_rules_name_hosts() {
    let rules = "[[rule]]\nhost = \"admin.example.com\"\npath = \"/a\"\nrequire = \"jwt:corp\"\nscopes = [\"root\"]\n\
                 [[rule]]\npath = \"/a\"\npublic = true\n";
    let gate = gate_of(rules);
    let incoming = InboundRequest {
        location: edge_auth::ClientLocation::default(),
        peer: None,
        platform_authenticated: false,
        method: "",
        host: None,
        authority: None,
        target: "",
        headers: Headers(&[]),
        certificate: PlatformCertificate::Nothing,
    };
    let arn = format!("{STAGE}GET/a");
    let (answer, outcome) =
        block_on(authorizer(&gate).authorize_method(ApiType::Rest, &arn, &incoming, NOW));
    assert!(!iam_allows(&serde_json::to_value(answer.unwrap()).unwrap(), &arn));
    assert_eq!(outcome.code().map(|code| code.name()), Some("forwarded_request_incomplete"));
    let (answer, _) = block_on(authorizer(&gate).authorize_graphql(&incoming, NOW));
    assert_eq!(serde_json::to_value(answer.unwrap()).unwrap()["isAuthorized"], false);
}

#[test]
fn an_arn_that_cannot_be_read_is_denied_everywhere() {
    let gate = orders();
    for arn in ["", "*", "arn:aws:execute-api:eu-west-1:1:abc/*/GET/health", "GET/health"] {
        let answer = json(&ask(&gate, ApiType::Rest, arn, &[]));
        let statements = &answer["policyDocument"]["Statement"];
        assert_eq!(
            *statements,
            json!([{ "Action": "execute-api:Invoke", "Effect": "Deny", "Resource": ["*"] }])
        );
    }
}

fn gate_of(rules: &str) -> Arc<Gate<TestPlatform>> {
    gate(&format!("{}{rules}", issuer("corp")))
}

#[test]
fn an_imitation_of_an_identity_header_is_refused_since_api_gateway_would_send_it_on() {
    let gate = orders();
    let token = bearer("orders:read");
    let arn = format!("{STAGE}GET/v1/orders/42");
    for name in
        ["X_Auth_Subject", "x.auth.subject", "X-Auth_Subject", "X-Auth-Roles", "x!auth!kind"]
    {
        let fields = [("authorization", token.as_str()), (name, "mallory")];
        for api in [ApiType::Rest, ApiType::WebSocket] {
            let arn = if api == ApiType::Rest { arn.clone() } else { format!("{STAGE}$connect") };
            let (answer, outcome) = ask(&gate, api, &arn, &fields);
            // Nothing of it is kept.
            assert_eq!(answer, Err(AuthorizerError::Unauthorized), "{name}");
            assert_eq!(
                outcome.code().map(edge_auth::Code::name),
                Some("request_malformed"),
                "{name}"
            );
        }
        let answered = ask(&gate, ApiType::Http, &arn, &fields);
        assert!(!iam_allows(&json(&answered), &arn), "{name}");
        // A public route's upstream would believe it, too.
        let public = format!("{STAGE}GET/health");
        assert_eq!(
            ask(&gate, ApiType::Rest, &public, &[(name, "mallory")]).0,
            Err(AuthorizerError::Unauthorized),
            "{name}"
        );
    }
    // The six are overwritten by a mapping.
    for name in ["X-Auth-Subject", "x-auth-scopes", "X-Author"] {
        let fields = [("authorization", token.as_str()), (name, "mallory")];
        assert!(iam_allows(&json(&ask(&gate, ApiType::Rest, &arn, &fields)), &arn), "{name}");
    }
}

#[test]
fn what_a_rule_asks_of_claims_and_subjects_holds_in_what_is_kept() {
    let rules = "[[rule]]\npath = \"/open\"\nrequire = \"jwt:corp\"\n\
                 [[rule]]\npath = \"/buyers\"\nrequire = \"jwt:corp\"\nclaims = { scope = \"buyers\" }\n\
                 [[rule]]\npath = \"/bob\"\nrequire = \"jwt:corp\"\nsubjects = [\"jwt:corp:bob*\"]\n\
                 [[rule]]\npath = \"/alice\"\nrequire = \"jwt:corp\"\nsubjects = [\"jwt:corp:ali*\"]\n";
    let gate = gate(&format!("{}{rules}", issuer("corp")));
    for (scopes, reached) in
        [("buyers", &["open", "buyers", "alice"][..]), ("staff", &["open", "alice"])]
    {
        let token = bearer(scopes);
        for asked in ["open", "buyers", "bob", "alice"] {
            let (answer, outcome) = ask(
                &gate,
                ApiType::Rest,
                &format!("{STAGE}GET/{asked}"),
                &[("authorization", &token)],
            );
            assert_eq!(outcome.code().is_none(), reached.contains(&asked), "{scopes} {asked}");
            let answer = serde_json::to_value(answer.unwrap()).unwrap();
            for other in ["open", "buyers", "bob", "alice"] {
                let kept = iam_allows(&answer, &format!("{STAGE}GET/{other}"));
                assert_eq!(
                    kept,
                    reached.contains(&other),
                    "{scopes}: {asked}, then {other}: {answer}"
                );
            }
        }
    }
}

#[test]
fn no_answer_to_a_cookie_lets_another_sites_request_in() {
    let issuer = issuer("corp").replace("keys =", "token_cookie = \"session\"\nkeys =");
    let rules = "[[rule]]\npath = \"/read\"\nmethods = [\"GET\"]\nrequire = \"jwt:corp\"\n\
                 [[rule]]\npath = \"/write\"\nrequire = \"jwt:corp\"\n";
    let gate = gate(&format!("{issuer}{rules}"));
    let cookie = format!("session={}", token("corp", ""));
    let fields = [("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin")];
    let answer = json(&ask(&gate, ApiType::Rest, &format!("{STAGE}GET/read"), &fields));
    assert!(iam_allows(&answer, &format!("{STAGE}GET/read")), "{answer}");
    assert!(!iam_allows(&answer, &format!("{STAGE}POST/write")), "{answer}");
    // The answer would be kept, and the next request may be another site's.
    let (answer, outcome) = ask(&gate, ApiType::Rest, &format!("{STAGE}POST/write"), &fields);
    assert_eq!(outcome.code().unwrap().name(), "cross_site_request");
    let answer = serde_json::to_value(answer.unwrap()).unwrap();
    assert!(!iam_allows(&answer, &format!("{STAGE}POST/write")), "{answer}");
}

#[test]
fn a_simple_answer_to_a_cookie_says_no_method_and_is_given_only_where_none_changes_anything() {
    let issuer = issuer("corp").replace("keys =", "token_cookie = \"session\"\nkeys =");
    let rules = "[[rule]]\npath = \"/read\"\nmethods = [\"GET\"]\nrequire = \"jwt:corp\"\n\
                 [[rule]]\npath = \"/write\"\nrequire = \"jwt:corp\"\n";
    let cookie = format!("session={}", token("corp", ""));
    let fields = [("cookie", cookie.as_bytes()), ("sec-fetch-site", b"same-origin".as_slice())];
    // Nothing is kept of the answers of a policy with certificates.
    let never_kept = "[[client_cert]]\nname = \"devices\"\nsource = \"api-gateway\"\n\
                      identity = { subject = \"CN\" }\nissuer_dn = \"CN=Devices CA\"\n";
    for (kept, extra) in [(true, ""), (false, never_kept)] {
        let gate = gate(&format!("{extra}{issuer}{rules}"));
        for (method, path, passes) in
            [("GET", "/read", true), ("GET", "/write", !kept), ("POST", "/write", !kept)]
        {
            let incoming = InboundRequest {
                location: edge_auth::ClientLocation::default(),
                peer: None,
                platform_authenticated: false,
                method,
                host: Some("api.example.com"),
                authority: None,
                target: path,
                headers: Headers(&fields),
                certificate: PlatformCertificate::Nothing,
            };
            let arn = format!("{STAGE}{method}{path}");
            let answer = json(&block_on(authorizer(&gate).authorize_route(&arn, &incoming, NOW)));
            assert_eq!(answer["isAuthorized"], passes, "{method} {path}, kept: {kept}");
        }
    }
}

#[test]
fn an_answer_about_one_rule_does_not_open_another_to_a_client_from_elsewhere() {
    let rules = "[[rule]]\npath = \"/open\"\nrequire = \"jwt:corp\"\n\
                 [[rule]]\npath = \"/office\"\nrequire = \"jwt:corp\"\nwhen = { networks = [\"192.0.2.0/24\"] }\n\
                 [[rule]]\npath = \"/lobby\"\npublic = true\nwhen = { networks = [\"192.0.2.0/24\"] }\n";
    let gate = gate_of(rules);
    let token = bearer("");
    let fields = [("authorization", token.as_bytes())];
    let (open, office, lobby) =
        (format!("{STAGE}GET/open"), format!("{STAGE}GET/office"), format!("{STAGE}GET/lobby"));
    let asked = |peer: Option<&str>, arn: &str| {
        let incoming = InboundRequest {
            location: edge_auth::ClientLocation::default(),
            peer: peer.map(|address| address.parse().unwrap()),
            platform_authenticated: false,
            method: "",
            host: Some("api.example.com"),
            authority: None,
            target: "",
            headers: Headers(&fields),
            certificate: PlatformCertificate::Nothing,
        };
        json(&block_on(authorizer(&gate).authorize_method(ApiType::Rest, arn, &incoming, NOW)))
    };
    for elsewhere in [None, Some("198.51.100.7")] {
        for arn in [&open, &office, &lobby] {
            let answer = asked(elsewhere, arn);
            assert!(iam_allows(&answer, &open), "{arn}: {answer}");
            assert!(
                !iam_allows(&answer, &office) && !iam_allows(&answer, &lobby),
                "{arn}: {answer}"
            );
        }
    }
    let answer = asked(Some("192.0.2.7"), &open);
    assert!([&open, &office, &lobby].iter().all(|arn| iam_allows(&answer, arn)), "{answer}");
}
