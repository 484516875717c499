//! A writer to the store edits it between two reads of a running instance, which keeps the
//! revocations that it read before.

use std::time::Duration;

use edge_auth::Code;
use edge_auth_testkit::certificates::ClientPlan;
use edge_auth_testkit::randomness::SeededRandomness;
use edge_auth_testkit::revocations::StoredLog;
use edge_auth_token::Timestamp;
use futures::executor::block_on;

use crate::fixture::{Fixture, Instance, NOW, later, token};

/// Returns the code and all messages for the operator of a decision about this token.
fn decided(instance: &Instance, id: &str, now: Timestamp) -> (Option<Code>, String) {
    let field = ("authorization", &*format!("Bearer {}", token("alice", id)));
    let outcome = instance.outcome("/orders", field, now);
    let notices = outcome
        .audit
        .as_ref()
        .unwrap()
        .reason
        .iter()
        .chain(&outcome.notices)
        .cloned()
        .collect::<Vec<_>>();
    (outcome.code(), notices.join("; "))
}

fn compact(fixture: &Fixture, seed: u64, now: Timestamp) {
    block_on(fixture.ledger().compact(&SeededRandomness::new(seed), now)).unwrap();
}

/// An instance that knows three records, the last of which revokes `known`.
fn knowing() -> (Fixture, Instance) {
    let fixture = Fixture::new();
    let instance = fixture.start();
    for id in ["one", "two", "known"] {
        fixture.revoke(id, NOW);
    }
    assert_eq!(decided(&instance, "known", NOW).0, Some(Code::TokenRevoked));
    (fixture, instance)
}

#[test]
fn a_snapshot_without_known_revocations_undoes_nothing_and_alerts() {
    let (fixture, instance) = knowing();
    fixture.feed().tamper(|records, _| drop(records.remove(&3)));
    fixture.revoke("four", NOW);
    fixture.revoke("five", NOW);
    compact(&fixture, 1, NOW);
    fixture.feed().tamper(|records, _| drop(records.remove(&3)));
    let (code, of_known) = decided(&instance, "known", later(7.0));
    assert_eq!(code, Some(Code::TokenRevoked));
    let notices = of_known + &decided(&instance, "good", later(7.0)).1;
    assert!(notices.contains("ALERT"), "{notices}");
    assert_eq!(decided(&instance, "good", later(20.0)).0, Some(Code::RevocationStale));
}

#[test]
fn nor_does_one_that_is_made_after_all_of_the_log_was_replaced() {
    let (fixture, instance) = knowing();
    compact(&fixture, 1, NOW);
    fixture.feed().tamper(|records, _| drop(records.remove(&3)));
    // Nothing is left of the snapshot, either: an administrator's tool believes what it finds.
    fixture.feed().put_back(StoredLog { snapshot: None, ..fixture.feed().stored() });
    for id in ["four", "five", "six"] {
        fixture.revoke(id, NOW);
    }
    compact(&fixture, 2, NOW);
    fixture.feed().tamper(|records, _| records.retain(|sequence, _| *sequence > 4));
    let (code, _) = decided(&instance, "known", later(7.0));
    assert_eq!(code, Some(Code::TokenRevoked));
    let (code, notices) = decided(&instance, "good", later(20.0));
    assert_eq!(code, Some(Code::RevocationStale));
    assert!(notices.contains("ALERT"), "{notices}");
}

#[test]
fn an_older_undoing_that_was_put_back_out_of_place_takes_nothing_back() {
    let fixture = Fixture::new();
    let instance = fixture.start();
    fixture.revoke("known", NOW);
    fixture.revoke("two", NOW);
    fixture.revoke("three", NOW);
    block_on(fixture.revocations().undo(1, "a mistake", NOW)).unwrap();
    let undoing = fixture.feed().stored().records[&4].clone();
    fixture.feed().tamper(|records, _| drop(records.split_off(&2)));
    fixture.revoke("known", later(1.0));
    assert_eq!(decided(&instance, "known", later(1.0)).0, Some(Code::TokenRevoked));
    fixture.feed().tamper(|records, _| drop(records.insert(4, undoing)));
    let (code, notices) = decided(&instance, "known", later(8.0));
    assert_eq!(code, Some(Code::TokenRevoked), "{notices}");
    assert!(decided(&instance, "good", later(20.0)).1.contains("ALERT"));
}

#[test]
fn a_confirmation_is_repeated_after_it_expires() {
    let fixture = Fixture::new();
    let client = fixture.authority.issue(&ClientPlan::with_uri("spiffe://example.com/a"));
    fixture.enter(crate::repeated::request(&client, "10y"), NOW);
    fixture.revoke("other", NOW);
    let again = fixture.enter(crate::repeated::request(&client, "2h"), NOW);
    compact(&fixture, 1, NOW);
    fixture.feed().tamper(|records, _| drop(records.remove(&1)));
    let instance = fixture.start();
    assert_eq!(instance.certificate(&client, later(1.0)), Some(Code::CertificateRevoked));
    let lapsed = again.until.unwrap().plus(Duration::from_secs(25 * 3600));
    let outcome = instance.certificate_outcome(&client, lapsed);
    assert_eq!(outcome.code(), Some(Code::CertificateRevoked));
    assert!(outcome.notices.join("; ").contains("ALERT"), "{:?}", outcome.notices);
}
