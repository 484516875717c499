//! Refused calls: an error for REST APIs and WebSockets, a deny for HTTP APIs.

use edge_auth_api_gateway::AuthorizerError;

use super::*;

#[test]
fn an_unknown_caller_is_an_error_for_rest_and_a_deny_for_http_apis() {
    let gate = orders();
    let arn = format!("{STAGE}GET/v1/orders/42");
    for fields in [&[][..], &[("authorization", "Bearer a.b.c")]] {
        assert_eq!(ask(&gate, ApiType::Rest, &arn, fields).0, Err(AuthorizerError::Unauthorized));
        let answer = json(&ask(&gate, ApiType::Http, &arn, fields));
        assert!(!iam_allows(&answer, &arn), "{answer}");
        // Its cached policy allows public routes.
        assert!(iam_allows(&answer, &format!("{STAGE}GET/health")), "{answer}");
    }
    assert_eq!(AuthorizerError::Unauthorized.to_string(), "Unauthorized");
}

#[test]
fn a_credential_that_one_rule_refuses_may_serve_another() {
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
fn an_unreadable_credential_does_not_deny_public_routes() {
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
fn an_event_without_a_host_is_refused_if_rules_name_hosts() {
    let rules = "[[rule]]\nhost = \"admin.example.com\"\npath = \"/a\"\nrequire = \"jwt:corp\"\nscopes = [\"root\"]\n\
                 [[rule]]\npath = \"/a\"\npublic = true\n";
    let gate = gate_of(rules);
    let incoming = InboundRequest { host: None, ..event(&[]) };
    let arn = format!("{STAGE}GET/a");
    let (answer, outcome) =
        block_on(authorizer(&gate).authorize_method(ApiType::Rest, &arn, &incoming, NOW));
    assert!(!iam_allows(&serde_json::to_value(answer.unwrap()).unwrap(), &arn));
    assert_eq!(outcome.code().map(|code| code.name()), Some("forwarded_request_incomplete"));
    let (answer, _) = block_on(authorizer(&gate).authorize_graphql(&incoming, NOW));
    assert_eq!(serde_json::to_value(answer.unwrap()).unwrap()["isAuthorized"], false);
}

#[test]
fn an_unreadable_arn_is_denied_everywhere() {
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

#[test]
fn an_imitation_of_an_identity_header_is_refused() {
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
            // API Gateway does not cache errors.
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
    // A mapping overwrites these names.
    for name in ["X-Auth-Subject", "x-auth-scopes", "X-Author"] {
        let fields = [("authorization", token.as_str()), (name, "mallory")];
        assert!(iam_allows(&json(&ask(&gate, ApiType::Rest, &arn, &fields)), &arn), "{name}");
    }
}
