//! Responses to WebSockets, HTTP APIs, usage plans and cookies.

use edge_auth_api_gateway::AuthorizerError;

use super::*;

#[test]
fn a_web_socket_connects_if_a_rule_allows_upgrades() {
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
fn an_http_api_gets_a_simple_response_unless_the_policy_says_iam() {
    let rule = "[[rule]]\npath = \"/a b\"\nrequire = \"jwt:corp\"\n";
    let arn = format!("{STAGE}GET/a b");
    let token = bearer("");
    let fields = [("authorization", token.as_bytes())];
    let incoming = InboundRequest { method: "GET", target: "/prod/a b", ..event(&fields) };
    let simple = gate_of(rule);
    let yes = json(&block_on(authorizer(&simple).authorize_route(&arn, &incoming, NOW)));
    assert_eq!((&yes["isAuthorized"], &yes["context"]["subject"]), (&json!(true), &json!("alice")));
    let without_token = InboundRequest { headers: Headers(&[]), ..incoming };
    let no = json(&block_on(authorizer(&simple).authorize_route(&arn, &without_token, NOW)));
    assert_eq!((&no["isAuthorized"], &no["context"]["subject"]), (&json!(false), &json!("")));
    let elsewhere = InboundRequest { target: "/prod/b", ..incoming };
    let other = json(&block_on(authorizer(&simple).authorize_route(&arn, &elsewhere, NOW)));
    assert_eq!(other["isAuthorized"], false);
    let iam = gate_of(&format!("{rule}[aws]\nhttp_api = \"iam\"\n"));
    assert!(iam_allows(
        &json(&block_on(authorizer(&iam).authorize_route(&arn, &incoming, NOW))),
        &arn
    ));
}

#[test]
fn the_policy_selects_the_usage_identifier() {
    let rule = "[[rule]]\npath = \"/a\"\nrequire = \"jwt:corp\"\n";
    let token = bearer("");
    for (aws, key) in [
        ("", Value::Null),
        ("[aws]\nusage_identifier = \"principal\"\n", json!("jwt:corp:alice")),
        ("[aws]\nusage_identifier = \"client\"\n", Value::Null),
    ] {
        let gate = gate_of(&format!("{rule}{aws}"));
        let arn = format!("{STAGE}GET/a");
        let answer = json(&ask(&gate, ApiType::Rest, &arn, &[("authorization", &token)]));
        assert_eq!(answer["usageIdentifierKey"], key, "{aws}");
    }
}

#[test]
fn a_policy_for_a_cookie_never_allows_a_cross_site_request() {
    let issuer = issuer("corp").replace("keys =", "token_cookie = \"session\"\nkeys =");
    let rules = "[[rule]]\npath = \"/read\"\nmethods = [\"GET\"]\nrequire = \"jwt:corp\"\n\
                 [[rule]]\npath = \"/write\"\nrequire = \"jwt:corp\"\n";
    let gate = gate(&format!("{issuer}{rules}"));
    let cookie = format!("session={}", token("corp", ""));
    let fields = [("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin")];
    let answer = json(&ask(&gate, ApiType::Rest, &format!("{STAGE}GET/read"), &fields));
    assert!(iam_allows(&answer, &format!("{STAGE}GET/read")), "{answer}");
    assert!(!iam_allows(&answer, &format!("{STAGE}POST/write")), "{answer}");
    // API Gateway would cache the policy, and the next request may be cross-site.
    let (answer, outcome) = ask(&gate, ApiType::Rest, &format!("{STAGE}POST/write"), &fields);
    assert_eq!(outcome.code().unwrap().name(), "cross_site_request");
    let answer = serde_json::to_value(answer.unwrap()).unwrap();
    assert!(!iam_allows(&answer, &format!("{STAGE}POST/write")), "{answer}");
}

#[test]
fn a_simple_response_to_a_cookie_is_cached_for_safe_rules_only() {
    let issuer = issuer("corp").replace("keys =", "token_cookie = \"session\"\nkeys =");
    let rules = "[[rule]]\npath = \"/read\"\nmethods = [\"GET\"]\nrequire = \"jwt:corp\"\n\
                 [[rule]]\npath = \"/write\"\nrequire = \"jwt:corp\"\n";
    let cookie = format!("session={}", token("corp", ""));
    let fields = [("cookie", cookie.as_bytes()), ("sec-fetch-site", b"same-origin".as_slice())];
    // Responses under a policy with certificates are never cached. A simple response does not
    // depend on the method, so it is allowed only if it is not cached or the rule's methods are
    // safe.
    let never_cached = "[[client_cert]]\nname = \"devices\"\nsource = \"api-gateway\"\n\
                      identity = { subject = \"CN\" }\nissuer_dn = \"CN=Devices CA\"\n";
    for (cached, extra) in [(true, ""), (false, never_cached)] {
        let gate = gate(&format!("{extra}{issuer}{rules}"));
        for (method, path, passes) in
            [("GET", "/read", true), ("GET", "/write", !cached), ("POST", "/write", !cached)]
        {
            let incoming = InboundRequest { method, target: path, ..event(&fields) };
            let arn = format!("{STAGE}{method}{path}");
            let answer = json(&block_on(authorizer(&gate).authorize_route(&arn, &incoming, NOW)));
            assert_eq!(answer["isAuthorized"], passes, "{method} {path}, cached: {cached}");
        }
    }
}
