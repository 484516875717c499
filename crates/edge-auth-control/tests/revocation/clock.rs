//! A clock that steps back brings nothing back, and makes nothing new.

use edge_auth::Code;
use std::time::Duration;

use crate::fixture::{Fixture, NOW, later, token};

#[test]
fn revocations_stay_when_the_clock_steps_back() {
    let fixture = Fixture::new();
    let instance = fixture.start();
    let token = token("alice", "one");
    fixture.revoke("one", later(100.0));
    assert_eq!(instance.token(&token, later(101.0)), Some(Code::TokenRevoked));
    assert_eq!(instance.token(&token, NOW), Some(Code::TokenRevoked));
}

#[test]
fn an_instance_that_is_closed_stays_closed_when_the_clock_steps_back() {
    let fixture = Fixture::new();
    let instance = fixture.start();
    let token = token("alice", "one");
    assert_eq!(instance.token(&token, later(100.0)), None);
    fixture.feed().set_unavailable("down");
    assert_eq!(instance.token(&token, later(120.0)), Some(Code::RevocationStale));
    for seconds in [118.0, 101.0, 100.0, 50.0] {
        assert_eq!(
            instance.token(&token, later(seconds)),
            Some(Code::RevocationStale),
            "{seconds}"
        );
    }
}

#[test]
fn after_a_step_back_the_feed_is_read_before_the_next_answer() {
    let fixture = Fixture::new();
    let instance = fixture.start();
    let token = token("alice", "one");
    assert_eq!(instance.token(&token, later(1000.0)), None);
    fixture.revoke("one", later(10.0));
    assert_eq!(instance.token(&token, later(10.0)), Some(Code::TokenRevoked));
}

#[test]
fn a_clock_that_ran_ahead_for_hours_has_forgotten_nothing() {
    let fixture = Fixture::new();
    let instance = fixture.start();
    let token = token("alice", "one");
    fixture.revoke("one", NOW);
    assert_eq!(instance.token(&token, NOW), Some(Code::TokenRevoked));
    let ahead = NOW.plus(Duration::from_secs(20 * 3600));
    // With such a clock, neither a writer nor a reader drops a revocation.
    futures::executor::block_on(
        fixture.ledger().compact(&edge_auth_testkit::randomness::SeededRandomness::new(4), ahead),
    )
    .unwrap();
    assert_eq!(instance.token(&token, ahead), Some(Code::TokenExpired));
    assert_eq!(instance.token(&token, later(2.0)), Some(Code::TokenRevoked));
    assert_eq!(fixture.start().token(&token, later(2.0)), Some(Code::TokenRevoked));
}
