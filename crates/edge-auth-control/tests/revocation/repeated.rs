//! Two revocations of the same target for different times.

use edge_auth::Code;
use edge_auth_control::{RevocationKind, RevocationRequest};
use edge_auth_testkit::certificates::{Client, ClientPlan};
use edge_auth_testkit::randomness::SeededRandomness;
use futures::executor::block_on;

use crate::fixture::{Fixture, NOW, later};

const HOUR: f64 = 3600.0;

fn client(fixture: &Fixture) -> Client {
    fixture.authority.issue(&ClientPlan::with_uri("spiffe://example.com/a"))
}

/// Revokes a certificate for so long.
pub(crate) fn request(client: &Client, expires: &str) -> RevocationRequest {
    let fingerprint = client.thumbprint().iter().map(|byte| format!("{byte:02x}")).collect();
    RevocationRequest {
        fingerprint: Some(fingerprint),
        expires: Some(expires.to_owned()),
        ..RevocationRequest::new(RevocationKind::Certificate, "a test")
    }
}

#[test]
fn revoking_again_for_a_shorter_time_brings_nothing_back() {
    let fixture = Fixture::new();
    let client = client(&fixture);
    let instance = fixture.start();
    for (expires, seconds) in [("10y", 0.0), ("2h", 1.0)] {
        fixture.enter(request(&client, expires), later(seconds));
    }
    assert_eq!(instance.certificate(&client, later(30.0 * HOUR)), Some(Code::CertificateRevoked));
    block_on(fixture.ledger().compact(&SeededRandomness::new(1), later(30.0 * HOUR))).unwrap();
    assert_eq!(
        fixture.start().certificate(&client, later(31.0 * HOUR)),
        Some(Code::CertificateRevoked)
    );
}

#[test]
fn an_undoing_lasts_as_long_as_all_that_it_takes_back() {
    let fixture = Fixture::new();
    let client = client(&fixture);
    let long = fixture.enter(request(&client, "10y"), NOW);
    fixture.enter(request(&client, "2h"), later(1.0));
    let undone = block_on(fixture.revocations().undo(2, "a mistake", later(2.0))).unwrap();
    assert_eq!(undone.until, long.until);
    fixture.revoke("other", later(3.0));
    block_on(fixture.ledger().compact(&SeededRandomness::new(1), later(30.0 * HOUR))).unwrap();
    block_on(fixture.ledger().compact(&SeededRandomness::new(2), later(31.0 * HOUR))).unwrap();
    assert_eq!(fixture.start().certificate(&client, later(32.0 * HOUR)), None);
}

#[test]
fn an_expiry_in_the_past_is_refused() {
    let fixture = Fixture::new();
    let client = client(&fixture);
    for expires in ["2026-01-01", "0s"] {
        let refused =
            block_on(fixture.revocations().create(request(&client, expires), NOW)).unwrap_err();
        assert!(refused.to_string().contains("`expires`"), "{refused}");
    }
}
