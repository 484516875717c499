//! Revocations over HTTP: the response describes the change, and the audit log who made it and why.

use edge_auth::Outcome;
use edge_auth::certificate::PlatformCertificate;
use edge_auth::endpoints::InboundRequest;
use edge_auth::revocation::{Event, Target};
use edge_auth::{Headers, Reply};
use edge_auth_control::AdminApi;
use edge_auth_control::ChangeMeta;
use edge_auth_testkit::randomness::SeededRandomness;
use futures::executor::block_on;
use serde_json::{Value, json};

use crate::fixture::{Fixture, Instance, NOW, many_events};

fn post(instance: &Instance, key: &str, target: &str, body: &Value) -> (Reply, Outcome) {
    let bearer = format!("Bearer {key}");
    let fields: [(&str, &[u8]); 1] = [("authorization", bearer.as_bytes())];
    let incoming = InboundRequest {
        location: edge_auth::ClientLocation::default(),
        peer: Some("192.0.2.1".parse().unwrap()),
        platform_authenticated: false,
        method: "POST",
        host: None,
        authority: None,
        target,
        headers: Headers(&fields),
        certificate: PlatformCertificate::Nothing,
    };
    block_on(AdminApi::new(&instance.0, instance.0.platform()).answer(
        &incoming,
        body.to_string().as_bytes(),
        &SeededRandomness::new(3),
        NOW,
    ))
}

#[test]
fn a_revocation_succeeds_even_if_the_snapshot_after_it_fails() {
    let fixture = Fixture::new();
    let order = ChangeMeta { by: "test", reason: "many", now: NOW };
    block_on(fixture.ledger().enter(many_events(2000), order)).unwrap();
    let (_, key) = fixture.key();
    let instance = fixture.start();
    assert_eq!(instance.key(&key, NOW), None);
    fixture.feed().tamper(|records, _| {
        let record = records.get_mut(&1000).unwrap();
        record.document = record.document.replace("many", "none");
    });
    let body = json!({ "kind": "token", "issuer": "corp", "id": "one", "reason": "leaked" });
    let (reply, outcome) = post(&instance, &key, "/admin/v1/revocations", &body);
    assert_eq!(reply.status, 201);
    assert_eq!(outcome.audit.as_ref().unwrap().revocation, Some(2001));
    assert_eq!(outcome.audit.as_ref().unwrap().reason.as_deref(), Some("leaked"));
    let notices = outcome.notices.join("; ");
    assert!(
        notices.contains("no snapshot was made: ALERT: record 1000 has a wrong MAC"),
        "{notices}"
    );
}

#[test]
fn the_audit_log_of_a_revoked_key_has_the_reason_and_the_entry() {
    let fixture = Fixture::new();
    let (id, key) = fixture.key();
    let target = format!("/admin/v1/keys/{id}/revoke");
    let (reply, outcome) =
        post(&fixture.start(), &key, &target, &json!({ "reason": "left in a repository" }));
    assert_eq!(reply.status, 200);
    let audit = outcome.audit.unwrap();
    assert_eq!(audit.key.as_deref(), Some(&*id));
    assert_eq!(audit.reason.as_deref(), Some("left in a repository"));
    let entry = block_on(fixture.ledger().show(audit.revocation.unwrap())).unwrap();
    assert!(matches!(entry.event, Event::Revoked(Target::ApiKey { .. })), "{entry:?}");
}
