use edge_auth::Code;
use serde_json::{Value, json};

use crate::fixture::{Fixture, PROXY, TRUSTED, code};
use edge_auth_testkit::gates::TRUST;

fn fixture() -> Fixture {
    Fixture::of(TRUSTED, "")
}

/// The decision about a request; the question itself is a good one.
fn decide(fixture: &Fixture, question: &str) -> Value {
    let (reply, _) = fixture.verify(PROXY, &[], question);
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (200, Some("application/json")),
        "{question}"
    );
    serde_json::from_slice(&reply.body).unwrap()
}

#[test]
fn the_response_to_an_allowed_request_has_the_principal_and_the_headers() {
    let fixture = fixture();
    let question = json!({
        "method": "GET", "target": "/orders/%31?page=2", "host": "api.example",
        "headers": {"X-API-Key": fixture.key}, "client_ip": "203.0.113.7",
    });
    let principal = format!("key:partners:{}", fixture.id);
    let expected = json!({
        "allowed": true,
        "rule": "2 /orders/{id}",
        "principal": {
            "id": principal, "kind": "api-key", "subject": fixture.id, "client": "team data", "scopes": "orders:read",
        },
        "target": "/orders/1?page=2",
        "remove": ["x-api-key"],
        "headers": {
            "X-Auth-Principal": principal, "X-Auth-Kind": "api-key", "X-Auth-Subject": fixture.id,
            "X-Auth-Client": "team%20data", "X-Auth-Scopes": "orders:read",
        },
    });
    assert_eq!(decide(&fixture, &question.to_string()), expected);
    let (_, outcome) = fixture.verify(PROXY, &[], &question.to_string());
    assert_eq!(outcome.audit.as_ref().unwrap().client_ip, "203.0.113.7".parse().ok());
    assert_eq!(outcome.audit.as_ref().unwrap().path, "/orders/1");
}

#[test]
fn a_path_that_the_application_could_read_differently_is_refused() {
    for target in ["/x/../orders/1", "/orders/%2e%2e/open", "/ope%6e"] {
        let answer = decide(&fixture(), &json!({"method": "GET", "target": target}).to_string());
        assert_eq!(answer["code"], "path_ambiguous", "{target}");
    }
}

#[test]
fn a_refused_request_is_answered_with_200_and_the_refusal() {
    let expected = json!({
        "allowed": false, "code": "credential_missing", "status": 401, "title": "A credential is required.",
        "www_authenticate": ["ApiKey realm=\"api\""], "rule": "2 /orders/{id}",
    });
    assert_eq!(decide(&fixture(), r#"{"method": "GET", "target": "/orders/1"}"#), expected);
}

#[test]
fn the_callers_headers_and_address_do_not_count_as_the_clients() {
    let fixture = fixture();
    let headers = [("x-api-key", fixture.key.as_bytes())];
    let (_, outcome) =
        fixture.verify(PROXY, &headers, r#"{"method": "GET", "target": "/orders/1"}"#);
    assert_eq!(outcome.code(), Some(Code::CredentialMissing));
    assert_eq!(outcome.audit.as_ref().unwrap().client_ip, None);
}

#[test]
fn a_repeated_header_is_refused_in_every_notation() {
    let fixture = fixture();
    let key = &fixture.key;
    let once = format!(r#"{{"x-api-key": ["{key}"]}}"#);
    assert_eq!(decide_headers(&fixture, &once)["allowed"], true);
    for twice in [
        format!(r#"{{"x-api-key": ["{key}", "{key}"]}}"#),
        format!(r#"{{"x-api-key": "{key}", "x-api-key": "{key}"}}"#),
        format!(r#"{{"x-api-key": "{key}", "X-Api-Key": "{key}"}}"#),
        format!(r#"{{"x-api-key": "{key}", "authorization": "ApiKey {key}"}}"#),
    ] {
        assert_eq!(decide_headers(&fixture, &twice)["code"], "credential_malformed");
    }
    let none = r#"{"x-api-key": []}"#;
    assert_eq!(decide_headers(&fixture, none)["code"], "credential_missing");
}

fn decide_headers(fixture: &Fixture, headers: &str) -> Value {
    decide(fixture, &format!(r#"{{"method": "GET", "target": "/orders/1", "headers": {headers}}}"#))
}

#[test]
fn the_error_of_a_bad_body_names_the_field() {
    let fixture = fixture();
    for (body, named) in [
        ("", "JSON object"),
        ("null", "JSON object"),
        (r#"["GET", "/open", null, {}, null]"#, "JSON object"),
        ("{", "EOF"),
        (r#"{"method": "GET", "target": "/open"} {}"#, "trailing"),
        (r#"{"target": "/open"}"#, "method"),
        (r#"{"method": "GET"}"#, "target"),
        (r#"{"method": null, "target": "/open"}"#, "method"),
        (r#"{"method": "GET", "target": 1}"#, "target"),
        (r#"{"method": "GET", "target": "/orders/1", "target": "/open"}"#, "target"),
        (r#"{"method": "GET", "target": "/open", "uri": "/open"}"#, "uri"),
        (r#"{"method": "GET", "target": "/open", "host": 1}"#, "host"),
        (r#"{"method": "GET", "target": "/open", "client_ip": "somewhere"}"#, "client_ip"),
        (r#"{"method": "GET", "target": "/open", "headers": [["a", "b"]]}"#, "headers"),
        (r#"{"method": "GET", "target": "/open", "headers": {"a": 1}}"#, "headers"),
        (r#"{"method": "GET", "target": "/open", "headers": null}"#, "headers"),
    ] {
        let (reply, outcome) = fixture.verify(PROXY, &[], body);
        assert_eq!((reply.status, &*code(&reply)), (400, "request_malformed"), "{body}");
        let reason = outcome.audit.unwrap().reason.unwrap();
        assert!(reason.contains(named), "{body}: {reason}");
    }
}

#[test]
fn the_values_of_a_bad_body_are_not_logged() {
    for headers in [
        r#""authorization: Bearer sesame""#,
        r#"["Bearer sesame"]"#,
        r#"{"authorization": {"Bearer": "sesame"}}"#,
    ] {
        let question = format!(r#"{{"method": "GET", "target": "/open", "headers": {headers}}}"#);
        let (_, outcome) = fixture().verify(PROXY, &[], &question);
        assert_eq!(outcome.code(), Some(Code::RequestMalformed));
        let audit = serde_json::to_string(&outcome.audit).unwrap();
        assert!(!audit.contains("sesame"), "{audit}");
    }
}

#[test]
fn a_question_about_an_impossible_request_is_answered_with_its_refusal() {
    let fixture = fixture();
    for (question, code) in [
        (r#"{"method": "", "target": "/open"}"#, "request_malformed"),
        (r#"{"method": "GET", "target": ""}"#, "path_ambiguous"),
        (r#"{"method": "GET", "target": "open"}"#, "path_ambiguous"),
        (r#"{"method": "GET", "target": "/orders/..%2fopen"}"#, "path_ambiguous"),
        (r#"{"method": "GET", "target": "/open", "host": "a b"}"#, "request_malformed"),
    ] {
        let decision = decide(&fixture, question);
        assert_eq!(
            (&decision["allowed"], &decision["code"]),
            (&json!(false), &json!(code)),
            "{question}"
        );
    }
}

#[test]
fn an_untrusted_caller_learns_nothing() {
    let question = r#"{"method": "GET", "target": "/open"}"#;
    for peer in ["192.0.2.1", "127.0.0.1", "unknown"] {
        let headers: [(&str, &[u8]); 1] = [("X-Forwarded-For", PROXY.as_bytes())];
        let (reply, outcome) = fixture().verify(peer, &headers, question);
        assert_eq!((reply.status, &*code(&reply)), (403, "proxy_untrusted"), "{peer}");
        assert_eq!(outcome.code(), Some(Code::ProxyUntrusted));
    }
    let fixture = Fixture::of("[trust]\nsecret = \"TRUST\"\n", "");
    let right: [(&str, &[u8]); 1] = [("x-edge-auth-secret", TRUST.as_bytes())];
    assert_eq!(fixture.verify("192.0.2.1", &right, question).0.status, 200);
    let wrong: [(&str, &[u8]); 1] = [("x-edge-auth-secret", b"another secret of that length!")];
    assert_eq!(fixture.verify("192.0.2.1", &wrong, question).1.code(), Some(Code::ProxyUntrusted));
}

#[test]
fn a_question_must_name_the_host_if_rules_do() {
    let rule = "[[rule]]\nhost = \"api.example\"\npath = \"/hosted\"\npublic = true\n";
    let fixture = Fixture::of(TRUSTED, rule);
    let (reply, _) = fixture.verify(PROXY, &[], r#"{"method": "GET", "target": "/open"}"#);
    assert_eq!((reply.status, &*code(&reply)), (400, "forwarded_request_incomplete"));
    let hosted = r#"{"method": "GET", "target": "/hosted", "host": "API.example."}"#;
    assert_eq!(decide(&fixture, hosted)["allowed"], true);
}

#[test]
fn values_that_a_request_cannot_carry_are_refused() {
    let fixture = fixture();
    for headers in [
        json!({"X Y": "a"}),
        json!({"": "a"}),
        json!({"X-A:": "a"}),
        json!({"X-A": "a\r\nX-API-Key: b"}),
        json!({"X-A": ["a", "b\n"]}),
        json!({"X-A": "\u{0}"}),
    ] {
        let question = json!({"method": "GET", "target": "/open", "headers": headers});
        let (reply, outcome) = fixture.verify(PROXY, &[], &question.to_string());
        assert_eq!(
            (reply.status, outcome.code()),
            (400, Some(Code::RequestMalformed)),
            "{question}"
        );
    }
}

#[test]
fn host_and_its_field_must_agree() {
    for (host, field, code) in [
        (Some("api.example"), "API.example.", Value::Null),
        (Some("api.example"), "other.example", json!("host_mismatch")),
        (None, "other.example", Value::Null),
    ] {
        let question =
            json!({"method": "GET", "target": "/open", "host": host, "headers": {"Host": field}});
        assert_eq!(decide(&fixture(), &question.to_string())["code"], code, "{question}");
    }
}

#[test]
fn the_response_lists_the_fields_to_remove() {
    let headers = json!({
        "X-Auth-Client": "mallory", "x_auth_subject": "mallory", "X.Auth.Roles": ["a", "b"], "Accept": "*/*",
        "Client-Cert": "junk", "X-HTTP-Method-Override": "DELETE",
    });
    let answer = decide(
        &fixture(),
        &json!({"method": "GET", "target": "/open", "headers": headers}).to_string(),
    );
    let removed = [
        "client-cert",
        "x-auth-client",
        "x-http-method-override",
        "x.auth.roles",
        "x_auth_subject",
    ];
    assert_eq!(answer["remove"], json!(removed));
    assert_eq!(answer["headers"], Value::Null);
}
