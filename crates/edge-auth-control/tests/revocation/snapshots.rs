//! Starting from a snapshot, and bad snapshots.

use edge_auth::Code;
use edge_auth_control::{RevocationKind, RevocationRequest};
use edge_auth_testkit::certificates::ClientPlan;
use edge_auth_testkit::randomness::SeededRandomness;
use edge_auth_token::Timestamp;
use futures::executor::block_on;
use std::time::Duration;

use crate::fixture::{Fixture, NOW, later, many_events, request, token};

fn compact(fixture: &Fixture, seed: u64, now: Timestamp) -> usize {
    block_on(fixture.ledger().compact(&SeededRandomness::new(seed), now)).unwrap()
}

/// A fixture with 25 revoked tokens, a revoked subject, and a snapshot of them.
fn filled() -> Fixture {
    let fixture = Fixture::new();
    for number in 0..25 {
        fixture.revoke(&format!("t{number}"), NOW);
    }
    fixture.enter(
        RevocationRequest { subject: Some("bob".to_owned()), ..request(RevocationKind::Subject) },
        later(0.5),
    );
    assert_eq!(compact(&fixture, 7, later(0.6)), 26);
    fixture
}

#[test]
fn an_instance_starts_from_the_snapshot_and_reads_newer_records() {
    let fixture = filled();
    fixture.revoke("after", later(1.0));
    let (instance, before) = (fixture.start(), fixture.feed().reads());
    assert_eq!(instance.token(&token("alice", "good"), later(1.0)), None);
    // The manifest, its one part, and the log behind it.
    assert_eq!(fixture.feed().reads() - before, 3);
    for id in ["t0", "t24", "after"] {
        assert_eq!(
            instance.token(&token("alice", id), later(1.0)),
            Some(Code::TokenRevoked),
            "{id}"
        );
    }
    assert_eq!(instance.token(&token("bob", "of-bob"), later(1.0)), Some(Code::TokenRevoked));
}

#[test]
fn a_hit_in_the_filter_is_confirmed_once_and_a_miss_never() {
    let fixture = filled();
    let instance = fixture.start();
    assert_eq!(instance.token(&token("alice", "good"), later(1.0)), None);
    for (id, code, reads) in [
        ("t3", Some(Code::TokenRevoked), 1),
        ("t3", Some(Code::TokenRevoked), 0),
        ("never", None, 0),
    ] {
        let before = fixture.feed().reads();
        assert_eq!(instance.token(&token("alice", id), later(1.0)), code);
        assert_eq!(fixture.feed().reads() - before, reads, "{id}");
    }
}

#[test]
fn a_hit_that_cannot_be_confirmed_is_refused() {
    let fixture = filled();
    let instance = fixture.start();
    assert_eq!(instance.token(&token("alice", "good"), later(1.0)), None);
    fixture.feed().set_unavailable("down");
    assert_eq!(instance.token(&token("alice", "t3"), later(2.0)), Some(Code::StoreUnavailable));
    assert_eq!(instance.token(&token("alice", "good"), later(2.0)), None);
}

/// In the filter of [`filled`], this token has the same bits as `t17`.
const FALSE_POSITIVE: &str = "accident-474128";

#[test]
fn a_false_positive_of_the_filter_is_allowed_and_confirmed_once() {
    let fixture = filled();
    let instance = fixture.start();
    assert_eq!(instance.token(&token("alice", "good"), later(1.0)), None);
    let field = ("authorization", &*format!("Bearer {}", token("alice", FALSE_POSITIVE)));
    // The log, the newest snapshot's record, and the one page.
    for reads in [3, 0] {
        let before = fixture.feed().reads();
        let outcome = instance.outcome("/orders", field, later(1.0));
        assert_eq!((outcome.code(), outcome.notices), (None, Vec::new()));
        assert_eq!(fixture.feed().reads() - before, reads);
    }
}

#[test]
fn an_unread_undo_is_respected_without_an_alert() {
    let fixture = filled();
    let instance = fixture.start();
    assert_eq!(instance.token(&token("alice", "good"), later(1.0)), None);
    block_on(fixture.revocations().undo(4, "a mistake", later(1.0))).unwrap();
    let field = ("authorization", &*format!("Bearer {}", token("alice", "t3")));
    let outcome = instance.outcome("/orders", field, later(1.5));
    assert_eq!((outcome.code(), outcome.notices), (None, Vec::new()));
}

#[test]
fn a_revocation_that_expires_under_an_older_snapshot_is_good_without_an_alert() {
    let fixture = Fixture::new();
    let client = fixture.authority.issue(&ClientPlan::with_uri("spiffe://example.com/a"));
    fixture.enter(crate::repeated::request(&client, "1h"), NOW);
    fixture.revoke("other", NOW);
    compact(&fixture, 1, NOW);
    let instance = fixture.start();
    assert_ne!(instance.token(&token("alice", "good"), NOW), Some(Code::TokenRevoked));
    let lapsed = 26.0 * 3600.0;
    fixture.revoke("newer", later(lapsed));
    compact(&fixture, 2, later(lapsed));
    let outcome = instance.certificate_outcome(&client, later(lapsed));
    assert_eq!((outcome.code(), outcome.notices), (None, Vec::new()));
}

#[test]
fn a_second_shorter_revocation_after_a_snapshot_does_not_shorten_the_first() {
    let fixture = Fixture::new();
    let client = fixture.authority.issue(&ClientPlan::with_uri("spiffe://example.com/a"));
    fixture.enter(crate::repeated::request(&client, "10y"), NOW);
    compact(&fixture, 1, NOW);
    let instance = fixture.start();
    fixture.enter(crate::repeated::request(&client, "1h"), later(1.0));
    let lapsed = 26.0 * 3600.0;
    assert_eq!(instance.certificate(&client, later(8.0)), Some(Code::CertificateRevoked));
    assert_eq!(instance.certificate(&client, later(lapsed)), Some(Code::CertificateRevoked));
    compact(&fixture, 2, later(lapsed));
    assert_eq!(
        fixture.start().certificate(&client, later(lapsed + 1.0)),
        Some(Code::CertificateRevoked)
    );
}

#[test]
fn an_undo_after_the_snapshot_is_respected() {
    let fixture = filled();
    let instance = fixture.start();
    assert_eq!(instance.token(&token("alice", "t3"), later(1.0)), Some(Code::TokenRevoked));
    block_on(fixture.revocations().undo(4, "a mistake", later(1.0))).unwrap();
    assert_eq!(instance.token(&token("alice", "t3"), later(8.0)), None);
    assert_eq!(fixture.start().token(&token("alice", "t3"), later(8.0)), None);
    compact(&fixture, 8, later(8.0));
    assert_eq!(fixture.start().token(&token("alice", "t3"), later(9.0)), None);
}

#[test]
fn a_damaged_snapshot_is_of_known_and_the_log_is_read_instead() {
    type Change = fn(&mut Vec<u8>);
    let changes: [(&str, Change); 4] = [
        ("cut short", |part| part.truncate(part.len() / 2)),
        ("emptied", Vec::clear),
        ("one bit turned", |part| part[10] ^= 1),
        ("made longer", |part| part.push(0)),
    ];
    for (what, change) in changes {
        let fixture = filled();
        fixture.feed().tamper(|_, parts| parts.values_mut().for_each(change));
        let instance = fixture.start();
        let field = ("authorization", &*format!("Bearer {}", token("alice", "t3")));
        let outcome = instance.outcome("/orders", field, later(1.0));
        assert_eq!(outcome.code(), Some(Code::TokenRevoked), "{what}");
        let notices = outcome.notices.join("; ");
        assert!(
            notices.contains("ALERT: the snapshot") && notices.contains("the log is read instead"),
            "{what}: {notices}"
        );
        assert_eq!(instance.token(&token("alice", "good"), later(1.0)), None, "{what}");
    }
}

#[test]
fn a_missing_part_is_a_damaged_snapshot() {
    let fixture = filled();
    fixture.feed().tamper(|_, parts| parts.clear());
    assert_eq!(fixture.start().token(&token("alice", "t3"), later(1.0)), Some(Code::TokenRevoked));
}

#[test]
fn entries_leave_a_day_after_the_last_token_expired() {
    let fixture = filled();
    let expired = NOW.plus(Duration::from_secs(26 * 3600));
    assert_eq!(compact(&fixture, 9, NOW.plus(Duration::from_secs(24 * 3600))), 26);
    fixture.revoke("new", expired);
    assert_eq!(compact(&fixture, 10, expired), 1);
    fixture.feed().tamper(|records, _| assert_eq!(records.len(), 1, "{:?}", records.keys()));
    // The log goes on where it was.
    assert_eq!(fixture.revoke("newer", expired).sequence, 28);
    let instance = fixture.start();
    assert_eq!(instance.token(&token("alice", "new"), later(1.0)), Some(Code::TokenRevoked));
}

#[test]
fn a_snapshot_of_nothing_new_is_not_made_again() {
    let fixture = filled();
    let mut ids = Vec::new();
    for seed in [1, 2] {
        assert_eq!(compact(&fixture, seed, later(1.0)), 26);
        fixture.feed().tamper(|_, parts| ids.extend(parts.keys().map(|(id, _)| id.clone())));
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
}

#[test]
fn an_instance_that_slept_while_the_log_was_shortened_starts_with_the_snapshot() {
    let fixture = Fixture::new();
    let instance = fixture.start();
    fixture.revoke("old", NOW);
    assert_eq!(instance.token(&token("alice", "old"), NOW), Some(Code::TokenRevoked));
    let expired = NOW.plus(Duration::from_secs(26 * 3600));
    fixture.revoke("new", expired);
    compact(&fixture, 11, expired);
    fixture.revoke("newer", expired);
    for id in ["new", "newer"] {
        // At this time every other token has expired; revocation is checked before expiry.
        assert_eq!(
            instance.token(&token("alice", id), later(7.0)),
            Some(Code::TokenRevoked),
            "{id}"
        );
    }
}

#[test]
fn a_snapshot_is_made_when_it_is_due() {
    let fixture = Fixture::new();
    let randomness = SeededRandomness::new(12);
    let order = edge_auth_control::ChangeMeta { by: "test", reason: "many", now: NOW };
    block_on(fixture.ledger().enter(many_events(1999), order)).unwrap();
    block_on(fixture.ledger().compact_if_due(&randomness, NOW)).unwrap();
    fixture.feed().tamper(|_, parts| assert!(parts.is_empty()));
    block_on(fixture.ledger().enter(many_events(1), order)).unwrap();
    block_on(fixture.ledger().compact_if_due(&randomness, NOW)).unwrap();
    fixture.feed().tamper(|_, parts| assert!(!parts.is_empty()));
    let instance = fixture.start();
    assert_eq!(instance.token(&token("alice", "m1234"), NOW), Some(Code::TokenRevoked));
    assert_eq!(instance.token(&token("alice", "good"), NOW), None);
}
