use edge_auth::endpoints::InboundRequest;
use edge_auth::{Code, Decision, Outcome, Reply};

use crate::fixture::{Fixture, Sent, code, incoming};

const ORIGIN: (&str, &[u8]) = ("Origin", b"https://app.example");
const ANNOUNCED: (&str, &[u8]) = ("Access-Control-Request-Method", b"GET");
const CORS: &str = r#"
[[rule]]
path = "/shared"
methods = ["GET"]
require = "key:partners"
cors = { origins = ["https://app.example", "https://two.example"], headers = ["x-api-key"], max_age = "10m" }
"#;

fn ask(
    fixture: &Fixture,
    method: &str,
    target: &str,
    headers: Sent<'_>,
) -> (Option<Reply>, Outcome) {
    fixture.gateway(&incoming("192.0.2.1", method, target, headers))
}

#[test]
fn a_preflight_from_an_allowed_origin_is_answered_without_a_credential() {
    let fixture = Fixture::of("", CORS);
    let (reply, outcome) = ask(&fixture, "OPTIONS", "/shared", &[ORIGIN, ANNOUNCED]);
    let reply = reply.unwrap();
    assert_eq!((reply.status, reply.body.len()), (204, 0));
    for (name, value) in [
        ("access-control-allow-origin", Some("https://app.example")),
        ("access-control-allow-methods", Some("GET")),
        ("access-control-allow-headers", Some("x-api-key")),
        ("access-control-max-age", Some("600")),
        ("access-control-allow-credentials", None),
        ("vary", Some("Origin")),
    ] {
        assert_eq!(reply.header(name), value, "{name}");
    }
    assert_eq!(outcome.audit.as_ref().unwrap().principal, None);
}

#[test]
fn any_other_options_is_a_request_like_all_others() {
    let fixture = Fixture::of("", CORS);
    let foreign: (&str, &[u8]) = ("Origin", b"https://evil.example");
    let cases: [(&str, Sent<'_>); 9] = [
        ("/shared", &[foreign, ANNOUNCED]),
        ("/shared", &[("Origin", b"https://app.example.evil.example"), ANNOUNCED]),
        ("/shared", &[("Origin", b"null"), ANNOUNCED]),
        ("/shared", &[ORIGIN, ORIGIN, ANNOUNCED]),
        ("/shared", &[ANNOUNCED]),
        ("/shared", &[ORIGIN]),
        ("/shared", &[ORIGIN, ("Access-Control-Request-Method", b"GET, POST")]),
        ("/shared", &[ORIGIN, ("Access-Control-Request-Method", b"DELETE")]),
        ("/orders/1", &[ORIGIN, ANNOUNCED]),
    ];
    for (target, headers) in cases {
        let (reply, outcome) = ask(&fixture, "OPTIONS", target, headers);
        assert_eq!(outcome.code(), Some(Code::NoRule), "{target} {headers:?}");
        let reply = reply.unwrap();
        assert_eq!(reply.status, 403);
        assert_eq!(reply.header("access-control-allow-origin"), None);
    }
}

#[test]
fn a_page_of_an_allowed_origin_may_read_denials_and_responses() {
    let fixture = Fixture::of("", CORS);
    let key = ("x-api-key", fixture.key.as_bytes());
    let (reply, _) = ask(&fixture, "GET", "/shared", &[ORIGIN]);
    let reply = reply.unwrap();
    assert_eq!((reply.status, &*code(&reply)), (401, "credential_missing"));
    assert_eq!(reply.header("access-control-allow-origin"), Some("https://app.example"));
    assert_eq!(reply.header("vary"), Some("Origin"));

    let vary = ("Vary".to_owned(), "Origin".to_owned());
    let allowed = ("Access-Control-Allow-Origin".to_owned(), "https://app.example".to_owned());
    assert_eq!(response_fields(&fixture, &[key, ORIGIN]), [vary.clone(), allowed]);
    let evil = [key, ("Origin", &b"https://evil.example"[..])];
    assert_eq!(response_fields(&fixture, &evil), [vary]);
}

/// Returns the fields that the gate adds to the upstream's response.
fn response_fields(fixture: &Fixture, headers: Sent<'_>) -> Vec<(String, String)> {
    match ask(fixture, "GET", "/shared", headers) {
        (None, Outcome { decision: Decision::Allow(grant), .. }) => grant.upstream.respond,
        (reply, _) => panic!("{reply:?}"),
    }
}

#[test]
fn a_request_needs_a_host_or_an_authority() {
    let fixture = Fixture::of("", "");
    let with = incoming("192.0.2.1", "GET", "/open", &[]);
    let none = InboundRequest { host: None, ..with };
    let (reply, outcome) = fixture.gateway(&none);
    assert_eq!((reply.unwrap().status, outcome.code()), (400, Some(Code::RequestMalformed)));
    let (reply, outcome) =
        fixture.gateway(&InboundRequest { authority: Some("gate.example"), ..none });
    assert!(reply.is_none() && outcome.code().is_none());
    let (_, outcome) =
        fixture.gateway(&InboundRequest { authority: Some("other.example"), ..with });
    assert_eq!(outcome.code(), Some(Code::HostMismatch));
}

#[test]
fn the_gateway_ignores_descriptions_of_proxies() {
    let fixture = Fixture::of("", "");
    let headers: [(&str, &[u8]); 4] = [
        ("X-Original-URI", b"/open"),
        ("X-Original-Method", b"GET"),
        ("X-Forwarded-Uri", b"/open"),
        ("X-Forwarded-For", b"6.6.6.6"),
    ];
    let (_, outcome) = ask(&fixture, "GET", "/orders/1", &headers);
    assert_eq!(outcome.code(), Some(Code::CredentialMissing));
    assert_eq!(outcome.audit.as_ref().unwrap().client_ip, "192.0.2.1".parse().ok());
}
