//! A relay between the store and the gates, whose answers are older than the calls: the age counts
//! into the bound (10 s), and an older log takes nothing back.

use std::time::Duration;

use edge_auth::Code;
use edge_auth::revocation::Entry;
use edge_auth_testkit::randomness::SeededRandomness;
use edge_auth_testkit::revocations::StoredLog;
use edge_auth_token::Timestamp;
use futures::executor::block_on;

use crate::fixture::{Fixture, Instance, NOW, later, token};

/// Lets a relay answer from this content with this age.
fn relay(fixture: &Fixture, content: StoredLog, age: f64) {
    fixture.feed().set_relay(Some((content, Duration::from_secs_f64(age))));
}

/// Returns the code and all messages for the operator of a decision about this token.
fn decided(instance: &Instance, id: &str, now: Timestamp) -> (Option<Code>, String) {
    let field = ("authorization", &*format!("Bearer {}", token("alice", id)));
    let outcome = instance.outcome("/orders", field, now);
    let notices = outcome
        .audit
        .iter()
        .filter_map(|audit| audit.reason.as_ref())
        .chain(&outcome.notices)
        .cloned()
        .collect::<Vec<_>>();
    (outcome.code(), notices.join("; "))
}

#[test]
fn the_age_of_an_answer_counts_into_the_bound() {
    let fixture = Fixture::new();
    let instance = fixture.start();
    relay(&fixture, StoredLog::default(), 4.0);
    assert_eq!(decided(&instance, "one", NOW).0, None);
    fixture.feed().set_unavailable("down");
    assert_eq!(decided(&instance, "one", later(5.9)).0, None);
    assert_eq!(decided(&instance, "one", later(6.0)).0, Some(Code::RevocationStale));
}

#[test]
fn an_answer_that_is_too_old_for_the_bound_decides_nothing_but_what_it_revokes_counts() {
    let fixture = Fixture::new();
    let instance = fixture.start();
    fixture.revoke("bad", NOW);
    relay(&fixture, fixture.feed().stored(), 10.0);
    let (code, notices) = decided(&instance, "good", later(20.0));
    assert_eq!(code, Some(Code::RevocationStale));
    assert!(notices.contains("the answer is 10.0 s old"), "{notices}");
    relay(&fixture, StoredLog::default(), 9.0);
    assert_eq!(decided(&instance, "bad", later(22.0)).0, Some(Code::TokenRevoked));
}

#[test]
fn answers_older_than_the_interval_are_used_and_asked_for_once_a_second() {
    let fixture = Fixture::new();
    let instance = fixture.start();
    relay(&fixture, StoredLog::default(), 7.0);
    for tenth in 0..20 {
        let (code, _) = decided(&instance, "one", later(f64::from(tenth) / 10.0));
        assert_eq!(code, None);
    }
    assert_eq!(fixture.feed().reads(), 3, "the snapshot, and the log twice");
}

#[test]
fn answers_within_the_interval_are_not_asked_for_sooner_than_current_ones() {
    let fixture = Fixture::new();
    let instance = fixture.start();
    relay(&fixture, StoredLog::default(), 2.5);
    for tenth in 0..100 {
        let (code, notices) = decided(&instance, "one", later(f64::from(tenth) / 10.0));
        assert_eq!((code, notices.as_str()), (None, ""));
    }
    // At 0, 3, 6 and 9 s.
    assert_eq!(fixture.feed().reads(), 5, "the snapshot, and the log four times");
}

/// An instance that knows both records since 1 s; the relay's log has the first one only.
fn ahead_of_its_relay() -> (Fixture, Instance, StoredLog) {
    let fixture = Fixture::new();
    let instance = fixture.start();
    fixture.revoke("one", NOW);
    let older = fixture.feed().stored();
    let Entry { sequence, .. } = fixture.revoke("two", NOW);
    assert_eq!(sequence, 2);
    assert_eq!(decided(&instance, "two", later(1.0)).0, Some(Code::TokenRevoked));
    (fixture, instance, older)
}

#[test]
fn an_older_log_takes_nothing_back_and_is_no_alert() {
    let (fixture, instance, older) = ahead_of_its_relay();
    relay(&fixture, older, 5.0);
    let revoked = Some(Code::TokenRevoked);
    for (id, expected) in [("one", revoked), ("two", revoked), ("good", None)] {
        let (code, notices) = decided(&instance, id, later(5.0));
        assert_eq!(code, expected);
        assert!(!notices.contains("ALERT"), "{notices}");
    }
    fixture.feed().set_unavailable("down");
    assert_eq!(decided(&instance, "good", later(10.9)).0, None, "known as of 1 s");
    assert_eq!(decided(&instance, "good", later(11.0)).0, Some(Code::RevocationStale));
}

#[test]
fn an_answer_that_should_have_the_known_end_and_lacks_it_is_an_alert() {
    let (fixture, instance, older) = ahead_of_its_relay();
    relay(&fixture, older, 1.0);
    let (code, notices) = decided(&instance, "good", later(8.0));
    assert_eq!(code, None, "known as of 1 s");
    assert!(notices.contains("ALERT: record 2 was read before and is gone"), "{notices}");
    assert_eq!(decided(&instance, "good", later(11.0)).0, Some(Code::RevocationStale));
}

#[test]
fn another_log_is_an_alert_whatever_its_age() {
    let (fixture, instance, _) = ahead_of_its_relay();
    let other = Fixture::new();
    other.revoke("other", NOW);
    other.revoke("another", NOW);
    relay(&fixture, other.feed().stored(), 5.0);
    let (_, notices) = decided(&instance, "good", later(7.5));
    assert!(notices.contains("ALERT: record 2 is another one"), "{notices}");
}

#[test]
fn a_new_instance_takes_a_snapshot_that_is_newer_than_the_relays_log() {
    let fixture = Fixture::new();
    fixture.revoke("one", NOW);
    let older = fixture.feed().stored();
    fixture.revoke("two", NOW);
    block_on(fixture.ledger().compact(&SeededRandomness::new(1), NOW)).unwrap();
    relay(&fixture, older, 2.0);
    let instance = fixture.start();
    assert_eq!(decided(&instance, "good", later(1.0)), (None, String::new()));
    assert_eq!(decided(&instance, "two", later(1.0)).0, Some(Code::TokenRevoked));
}

#[test]
fn an_undoing_that_the_relay_does_not_have_yet_is_no_alert() {
    let fixture = Fixture::new();
    fixture.revoke("one", NOW);
    block_on(fixture.ledger().compact(&SeededRandomness::new(1), NOW)).unwrap();
    let older = fixture.feed().stored();
    block_on(fixture.revocations().undo(1, "a mistake", later(1.0))).unwrap();
    relay(&fixture, older, 2.0);
    let instance = fixture.start();
    let (code, notices) = decided(&instance, "one", later(2.0));
    assert_eq!(code, Some(Code::TokenRevoked));
    assert!(!notices.contains("ALERT"), "{notices}");
    fixture.feed().set_relay(None);
    assert_eq!(decided(&instance, "one", later(8.0)), (None, String::new()));
}
