//! The feed cannot be read: within the bound nothing changes, beyond it the gate is closed.

use edge_auth::Code;

use crate::fixture::{Fixture, NOW, later, token};

#[test]
fn the_gate_closes_when_the_feed_was_not_read_for_as_long_as_the_bound() {
    let fixture = Fixture::new();
    let instance = fixture.start();
    let (token, revoked) = (token("alice", "one"), token("alice", "gone"));
    fixture.revoke("gone", NOW);
    assert_eq!(instance.token(&token, NOW), None);
    fixture.feed().set_unavailable("the disk is gone");
    for seconds in [1.0, 4.0, 7.0, 9.9] {
        assert_eq!(instance.token(&token, later(seconds)), None, "after {seconds} s");
        assert_eq!(instance.token(&revoked, later(seconds)), Some(Code::TokenRevoked));
    }
    for seconds in [10.0, 11.0, 1000.0] {
        assert_eq!(
            instance.token(&token, later(seconds)),
            Some(Code::RevocationStale),
            "after {seconds} s"
        );
    }
    fixture.feed().set_available();
    assert_eq!(instance.token(&token, later(1002.0)), None);
    assert_eq!(instance.token(&revoked, later(1002.0)), Some(Code::TokenRevoked));
}

#[test]
fn an_instance_that_never_read_the_feed_is_closed() {
    let fixture = Fixture::new();
    fixture.feed().set_unavailable("not yet");
    let instance = fixture.start();
    assert_eq!(instance.token(&token("alice", "one"), NOW), Some(Code::RevocationStale));
}

#[test]
fn the_operator_learns_the_reason() {
    let fixture = Fixture::new();
    fixture.feed().set_unavailable("the disk is gone");
    let field = ("authorization", &*format!("Bearer {}", token("alice", "one")));
    let outcome = fixture.start().outcome("/orders", field, NOW);
    let reason = outcome.audit.unwrap().reason.unwrap();
    assert!(reason.contains("the disk is gone"), "{reason}");
    assert!(
        outcome.notices.iter().any(|notice| notice.contains("the disk is gone")),
        "{:?}",
        outcome.notices
    );
}

#[test]
fn a_rule_may_allow_stale_revocations_with_a_warning_in_the_log() {
    let fixture = Fixture::new();
    let instance = fixture.start();
    let (good, revoked) = (token("alice", "one"), token("alice", "gone"));
    fixture.revoke("gone", NOW);
    assert_eq!(instance.token(&good, NOW), None);
    fixture.feed().set_unavailable("the disk is gone");
    let (good, revoked) = (format!("Bearer {good}"), format!("Bearer {revoked}"));
    let outcome = instance.outcome("/stale", ("authorization", &good), later(60.0));
    assert_eq!(outcome.code(), None);
    assert!(outcome.audit.unwrap().warning.unwrap().contains("the disk is gone"));
    let outcome = instance.outcome("/stale", ("authorization", &revoked), later(60.0));
    assert_eq!(outcome.code(), Some(Code::TokenRevoked), "a known revocation counts");
}

#[test]
fn a_store_that_is_down_is_not_read_for_every_request() {
    let fixture = Fixture::new();
    let instance = fixture.start();
    let token = token("alice", "one");
    assert_eq!(instance.token(&token, NOW), None);
    fixture.feed().set_unavailable("down");
    let before = fixture.feed().reads();
    for millis in 0..1000 {
        assert_eq!(
            instance.token(&token, later(100.0 + f64::from(millis) / 1000.0)),
            Some(Code::RevocationStale)
        );
    }
    assert!(fixture.feed().reads() - before <= 2, "{}", fixture.feed().reads() - before);
}
