//! The number of reads that following the feed costs.

use edge_auth::Code;

use crate::fixture::{Fixture, NOW, later, token};

#[test]
fn a_warm_call_between_two_refreshes_reads_nothing() {
    let fixture = Fixture::new();
    let instance = fixture.start();
    let token = token("alice", "one");
    // The second read of an instance is early, so that those that start together read apart.
    for read in [NOW, later(3.0)] {
        assert_eq!(instance.token(&token, read), None);
    }
    let before = fixture.feed().reads();
    for tenth in 31..60 {
        assert_eq!(instance.token(&token, later(f64::from(tenth) / 10.0)), None);
    }
    assert_eq!(fixture.feed().reads() - before, 0);
}

#[test]
fn an_active_instance_reads_twenty_times_a_minute_at_most_and_an_idle_one_not_at_all() {
    let fixture = Fixture::new();
    let (active, idle) = (fixture.start(), fixture.start());
    let token = token("alice", "one");
    assert_eq!((active.token(&token, NOW), idle.token(&token, NOW)), (None, None));
    let before = fixture.feed().reads();
    for hundredth in 1..=6000 {
        assert_eq!(active.token(&token, later(f64::from(hundredth) / 100.0)), None);
    }
    let reads = fixture.feed().reads() - before;
    assert!((10..=20).contains(&reads), "{reads} reads in a minute");
}

#[test]
fn while_one_request_reads_others_do_not_begin_to() {
    let fixture = Fixture::new();
    let instance = fixture.start();
    let token = token("alice", "one");
    assert_eq!(instance.token(&token, NOW), None);
    let field = ("authorization", &*format!("Bearer {token}"));
    assert_eq!(instance.unfollowed("/orders", field, later(3.5)).deferred_tasks.len(), 1);
}

#[test]
fn junk_and_forgeries_cause_no_reads() {
    let fixture = Fixture::new();
    let instance = fixture.start();
    for token in ["junk", "a.b.c", &format!("{}x", token("alice", "one"))] {
        assert_ne!(instance.token(token, NOW), None);
    }
    assert_eq!(instance.key("acme_live_forged", NOW), Some(Code::KeyInvalid));
    assert_eq!(fixture.feed().reads(), 0);
}

#[test]
fn a_key_that_is_known_is_not_read_again_while_the_feed_says_nothing_of_it() {
    let fixture = Fixture::new();
    let instance = fixture.start();
    let (_, text) = fixture.key();
    assert_eq!(instance.key(&text, NOW), None);
    let before = fixture.platform.api_keys.operations().finds;
    for second in 1..=120 {
        assert_eq!(instance.key(&text, later(f64::from(second))), None);
    }
    assert_eq!(fixture.platform.api_keys.operations().finds - before, 0);
}
