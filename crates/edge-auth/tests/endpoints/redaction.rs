//! Logs never contain a credential, wherever the client wrote it.

use edge_auth::Outcome;
use edge_auth::endpoints::InboundRequest;
use serde_json::json;

use crate::fixture::{Fixture, PROXY, TRUSTED, incoming};

const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJlIG9mIG5vYm9keSwgYnV0IGxvbmc";

#[track_caller]
fn keeps_to_itself(outcome: &Outcome, secret: &str) {
    let logged =
        format!("{} {:?}", serde_json::to_string(&outcome.audit).unwrap(), outcome.notices);
    let logged = logged.to_ascii_lowercase();
    let secret = secret.to_ascii_lowercase();
    // A part of it is too much as well.
    for part in [&secret[10..22], &secret[secret.len() - 12..]] {
        assert!(!logged.contains(part), "{logged}");
    }
}

#[test]
fn a_credential_in_the_method_the_host_or_the_path_is_not_logged() {
    let fixture = Fixture::of(TRUSTED, "");
    for secret in [fixture.key.as_str(), TOKEN] {
        let path = format!("//{secret}");
        let asked = incoming("192.0.2.1", "GET", "/open", &[]);
        for incoming in [
            InboundRequest { method: secret, ..asked },
            InboundRequest { host: Some(secret), target: &path, ..asked },
            InboundRequest { host: Some(secret), authority: Some("other.example"), ..asked },
            InboundRequest { target: &path, ..asked },
        ] {
            keeps_to_itself(&fixture.gateway(&incoming).1, secret);
        }
    }
}

#[test]
fn a_credential_in_a_question_is_not_logged() {
    let fixture = Fixture::of(TRUSTED, "");
    for secret in [fixture.key.as_str(), TOKEN] {
        for question in [
            json!({ (secret): 1 }),
            json!({ "method": "GET", "target": "/open", "headers": { (secret): 1 } }),
            json!({ "method": "GET", "target": "/open", "headers": { (format!("{secret} ")): "a" } }),
            json!({ "method": secret, "target": "/open" }),
            json!({ "method": "GET", "target": format!("/{secret}") }),
        ] {
            keeps_to_itself(&fixture.verify(PROXY, &[], &question.to_string()).1, secret);
        }
    }
}

#[test]
fn the_log_is_bounded_for_every_input() {
    let fixture = Fixture::of(TRUSTED, "");
    let long = "a".repeat(100_000);
    let question = json!({ (long.as_str()): 1 }).to_string();
    let path = format!("//{long}");
    let asked = incoming("192.0.2.1", "GET", &path, &[]);
    for outcome in [
        fixture.verify(PROXY, &[], &question).1,
        fixture.gateway(&asked).1,
        fixture.gateway(&InboundRequest { method: &long, ..asked }).1,
        fixture.gateway(&InboundRequest { target: &path[1..8000], ..asked }).1,
    ] {
        assert!(serde_json::to_string(&outcome.audit).unwrap().len() < 4096);
    }
}
