//! Policy documents, which API Gateway caches for all routes of a stage.

use edge_auth_testkit::certificates::{Authority, AuthorityPlan, ClientPlan};

use super::*;

#[test]
fn a_policy_for_one_route_is_right_for_the_next() {
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
fn the_policy_of_a_refused_route_lists_what_the_caller_may_do() {
    let gate = orders();
    let token = bearer("");
    for refused in ["GET/v1/orders/42", "GET/nowhere", "GET/v1/files/%2e%2e/x"] {
        let arn = format!("{STAGE}{refused}");
        let (answer, outcome) = ask(&gate, ApiType::Rest, &arn, &[("authorization", &token)]);
        let answer = serde_json::to_value(answer.unwrap()).unwrap();
        assert!(outcome.code().is_some());
        assert!(!iam_allows(&answer, &format!("{STAGE}{refused}")), "{refused}: {answer}");
        assert!(iam_allows(&answer, &format!("{STAGE}GET/v1/files/a")), "{refused}: {answer}");
        // API Gateway caches it for the routes that she may use, with her identity.
        assert_eq!(answer["principalId"], "jwt:corp:alice");
        assert_eq!(answer["context"]["subject"], "alice");
    }
}

#[test]
fn a_policy_names_one_principal_on_every_route() {
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
    let incoming =
        InboundRequest { certificate: PlatformCertificate::ApiGateway(&pem), ..event(&fields) };
    for (path, principal, reached) in [
        ("token", "jwt:corp:alice", ["token", "health"]),
        ("either", "cert:agents:agent", ["either", "health"]),
        // A public route may name either principal, but only one.
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
fn a_rule_that_iam_cannot_express_is_allowed_for_one_call() {
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
fn a_wildcard_in_a_request_never_becomes_one_of_the_policy() {
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

#[test]
fn a_rule_for_all_methods_is_expressed_although_another_ends_alike() {
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
fn a_cached_policy_respects_claims_and_subjects() {
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
fn a_cached_policy_respects_tenants() {
    let saas = issuer("saas").replace(
        "https://saas.example/\"",
        "https://saas.example/{tenant}\"\ntenants = [\"acme\", \"bolt\"]",
    );
    let rules = "[[rule]]\npath = \"/any\"\nrequire = \"jwt:saas\"\n\
                 [[rule]]\npath = \"/acme\"\nrequire = \"jwt:saas\"\ntenants = [\"acme\"]\n\
                 [[rule]]\npath = \"/bolt\"\nrequire = \"jwt:saas\"\ntenants = [\"bolt\"]\n";
    let gate = gate(&format!("{saas}{rules}"));
    for (tenant, other) in [("acme", "bolt"), ("bolt", "acme")] {
        let token = format!("Bearer {}", token_of(&format!("https://saas.example/{tenant}"), ""));
        for asked in ["any", tenant, other] {
            let (answer, outcome) = ask(
                &gate,
                ApiType::Rest,
                &format!("{STAGE}GET/{asked}"),
                &[("authorization", &token)],
            );
            assert_eq!(outcome.code().is_none(), asked != other, "{tenant}: {asked}");
            let answer = serde_json::to_value(answer.unwrap()).unwrap();
            for (next, kept) in [("any", true), (tenant, true), (other, false)] {
                let allowed = iam_allows(&answer, &format!("{STAGE}GET/{next}"));
                assert_eq!(allowed, kept, "{tenant}: {asked}, then {next}: {answer}");
            }
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
