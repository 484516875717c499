//! An entry reaches every instance within the interval, and nothing else is refused.

use edge_auth::Code;
use edge_auth_control::{RevocationKind, RevocationRequest};
use edge_auth_testkit::certificates::ClientPlan;
use futures::executor::block_on;
use std::time::Duration;

use crate::fixture::{Fixture, NOW, later, request, token};

/// The default of the oldest state of revocations that a decision may use.
const INTERVAL: f64 = 6.0;

#[test]
fn every_instance_refuses_a_revoked_token_within_the_interval() {
    let fixture = Fixture::new();
    let (one, two) = (fixture.start(), fixture.start());
    let (bad, good) = (token("alice", "bad"), token("alice", "good"));
    for instance in [&one, &two] {
        assert_eq!(instance.token(&bad, NOW), None);
    }
    fixture.revoke("bad", later(0.1));
    for instance in [&one, &two] {
        assert_eq!(instance.token(&bad, later(0.1 + INTERVAL)), Some(Code::TokenRevoked));
        assert_eq!(instance.token(&good, later(0.1 + INTERVAL)), None);
    }
}

#[test]
fn an_instance_that_was_idle_reads_before_its_next_answer() {
    let fixture = Fixture::new();
    let instance = fixture.start();
    let bad = token("alice", "bad");
    assert_eq!(instance.token(&bad, NOW), None);
    fixture.revoke("bad", later(1000.0));
    assert_eq!(instance.token(&bad, later(1000.5)), Some(Code::TokenRevoked));
}

#[test]
fn a_key_that_was_disabled_or_rotated_elsewhere_is_read_again() {
    let fixture = Fixture::new();
    let (one, two) = (fixture.start(), fixture.start());
    let (id, text) = fixture.key();
    for instance in [&one, &two] {
        assert_eq!(instance.key(&text, NOW), None);
    }
    block_on(fixture.keys().disable(&id, later(1.0))).unwrap();
    for instance in [&one, &two] {
        assert_eq!(instance.key(&text, later(1.0 + INTERVAL)), Some(Code::KeyDisabled));
    }
    block_on(fixture.keys().enable(&id, later(10.0))).unwrap();
    assert_eq!(one.key(&text, later(10.0 + INTERVAL)), None);
    block_on(fixture.keys().rotate(
        &id,
        Duration::ZERO,
        &edge_auth_testkit::randomness::SeededRandomness::new(9),
        later(20.0),
    ))
    .unwrap();
    for instance in [&one, &two] {
        assert_eq!(instance.key(&text, later(20.0 + INTERVAL)), Some(Code::KeyInvalid));
    }
}

#[test]
fn a_revoked_key_is_refused_by_an_instance_that_remembers_its_record() {
    let fixture = Fixture::new();
    let instance = fixture.start();
    let (id, text) = fixture.key();
    assert_eq!(instance.key(&text, NOW), None);
    block_on(fixture.keys().revoke(&id, "leaked", later(1.0))).unwrap();
    assert_eq!(instance.key(&text, later(1.0 + INTERVAL)), Some(Code::KeyRevoked));
}

#[test]
fn a_revoked_key_whose_record_was_put_back_is_refused() {
    let fixture = Fixture::new();
    let (id, text) = fixture.key();
    let before = block_on(edge_auth::platform::ApiKeys::find(&fixture.platform.api_keys, &id, NOW))
        .unwrap()
        .unwrap();
    block_on(fixture.keys().revoke(&id, "leaked", NOW)).unwrap();
    // The older record, whole: its MAC is right.
    use edge_auth_control::store::{ApiKeyAdmin, Precondition};
    let put =
        block_on(fixture.platform.api_keys.put(&before, Precondition::Version(2), NOW)).unwrap();
    assert_eq!(put, edge_auth_control::store::WriteOutcome::Stored);
    assert_eq!(fixture.start().key(&text, later(1.0)), Some(Code::KeyInvalid));
}

#[test]
fn every_instance_refuses_a_revoked_certificate_that_it_verified_before() {
    let fixture = Fixture::new();
    let (one, two) = (fixture.start(), fixture.start());
    let client = fixture.authority.issue(&ClientPlan::with_uri("spiffe://example.com/a"));
    for instance in [&one, &two] {
        assert_eq!(instance.certificate(&client, NOW), None);
    }
    let fingerprint =
        client.thumbprint().iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":");
    let order = RevocationRequest {
        issuer: None,
        fingerprint: Some(fingerprint),
        ..request(RevocationKind::Certificate)
    };
    fixture.enter(order, later(1.0));
    for instance in [&one, &two] {
        assert_eq!(
            instance.certificate(&client, later(1.0 + INTERVAL)),
            Some(Code::CertificateRevoked)
        );
    }
}

#[test]
fn certificates_of_a_revoked_authority_are_refused() {
    use base64::Engine;
    let fixture = Fixture::new();
    let below =
        fixture.authority.below(&edge_auth_testkit::certificates::AuthorityPlan::named("Below"));
    let client = below.issue(&ClientPlan::with_uri("spiffe://example.com/a"));
    use sha2::Digest;
    let digest: [u8; 32] = sha2::Sha256::digest(below.certificate()).into();
    let order = RevocationRequest {
        issuer: None,
        fingerprint: Some(digest.iter().map(|byte| format!("{byte:02x}")).collect()),
        ..request(RevocationKind::Certificate)
    };
    fixture.enter(order, NOW);
    let encode =
        |der: &[u8]| format!(":{}:", base64::engine::general_purpose::STANDARD.encode(der));
    let (own, above) = (encode(client.certificate()), encode(below.certificate()));
    let fields = [("client-cert", &*own), ("client-cert-chain", &*above)];
    let outcome = fixture.start().with_fields("/orders", &fields, NOW);
    assert_eq!(
        outcome.code(),
        Some(Code::CertificateRevoked),
        "{:?}",
        outcome.audit.as_ref().unwrap().reason
    );
}

#[test]
fn administrators_at_once_lose_nothing() {
    let fixture = Fixture::new();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let fixture = &fixture;
            scope.spawn(move || {
                for number in 0..10 {
                    fixture.revoke(&format!("{writer}-{number}"), NOW);
                }
            });
        }
    });
    let instance = fixture.start();
    for writer in 0..4 {
        for number in 0..10 {
            let token = token("alice", &format!("{writer}-{number}"));
            assert_eq!(
                instance.token(&token, later(1.0)),
                Some(Code::TokenRevoked),
                "{writer}-{number}"
            );
        }
    }
    assert_eq!(block_on(fixture.ledger().list(None, 200)).unwrap().entries.len(), 40);
}
