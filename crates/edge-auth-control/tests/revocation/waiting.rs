//! A store that takes its time: requests wait for one read together, and the time that they waited
//! counts.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use edge_auth::{Code, Outcome};

use crate::fixture::{Fixture, Instance, NOW, later, token};

/// A request that is under way.
struct Asked<'a>(Pin<Box<dyn Future<Output = Outcome> + 'a>>);

impl Asked<'_> {
    /// Polls as far as possible, and returns the decision if there is one.
    fn go_on(&mut self) -> Option<Option<Code>> {
        match self.0.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(outcome) => Some(outcome.code()),
            Poll::Pending => None,
        }
    }
}

fn ask<'a>(instance: &'a Instance, field: (&'static str, &'a str), seconds: f64) -> Asked<'a> {
    let mut asked = Asked(Box::pin(instance.ask(field, later(seconds))));
    assert!(asked.go_on().is_none(), "it waits for nothing");
    asked
}

fn advance(fixture: &Fixture, seconds: f64) {
    fixture.platform.stopwatch.advance(Duration::from_secs_f64(seconds));
}

#[test]
fn one_slow_read_serves_all_waiting_and_following_requests() {
    let fixture = Fixture::new();
    let instance = fixture.start();
    let bearer = format!("Bearer {}", token("alice", "one"));
    let field = ("authorization", &*bearer);
    fixture.feed().barrier().close();
    let mut waiting = Vec::new();
    for tenth in 0..25 {
        waiting.push(ask(&instance, field, f64::from(tenth) / 10.0));
        advance(&fixture, 0.1);
    }
    fixture.feed().barrier().open();
    for asked in &mut waiting {
        assert_eq!(asked.go_on(), Some(None));
        // Others come in between, and theirs is the later time.
        assert_eq!(instance.unfollowed("/orders", field, later(2.5)).code(), None);
    }
    assert_eq!(fixture.feed().reads(), 2, "the snapshot, and the log");
}

#[test]
fn one_slow_failure_serves_all_waiting_requests() {
    let fixture = Fixture::new();
    let instance = fixture.start();
    let bearer = format!("Bearer {}", token("alice", "one"));
    fixture.feed().barrier().close();
    let mut waiting = Vec::new();
    for tenth in 0..25 {
        waiting.push(ask(&instance, ("authorization", &bearer), f64::from(tenth) / 10.0));
        advance(&fixture, 0.1);
    }
    fixture.feed().set_unavailable("it takes too long");
    fixture.feed().barrier().open();
    for asked in &mut waiting {
        assert_eq!(asked.go_on(), Some(Some(Code::RevocationStale)));
    }
    assert_eq!(fixture.feed().reads(), 1);
}

#[test]
fn staleness_counts_at_the_decision_not_at_the_request() {
    let fixture = Fixture::new();
    let instance = fixture.start();
    let text = token("alice", "one");
    let bearer = format!("Bearer {text}");
    for (begins, takes, code) in [(9.0, 0.9, None), (9.6, 3.0, Some(Code::RevocationStale))] {
        assert_eq!(instance.token(&text, NOW), None);
        fixture.feed().barrier().close();
        let mut asked = ask(&instance, ("authorization", &bearer), begins);
        advance(&fixture, takes);
        fixture.feed().set_unavailable("it takes too long");
        fixture.feed().barrier().open();
        assert_eq!(asked.go_on(), Some(code), "begun after {begins} s, answered {takes} s later");
        fixture.feed().set_available();
    }
}

#[test]
fn a_revocation_during_the_read_of_a_key_counts() {
    let fixture = Fixture::new();
    let instance = fixture.start();
    let (id, text) = fixture.key();
    let other = token("alice", "one");
    assert_eq!(instance.token(&other, NOW), None);
    fixture.platform.api_keys.barrier().close();
    let mut asked = ask(&instance, ("x-api-key", &text), 1.0);
    futures::executor::block_on(fixture.ledger().revoke(
        edge_auth::revocation::Target::ApiKey { id: id.try_into().unwrap() },
        None,
        edge_auth_control::ChangeMeta { by: "test", reason: "a test", now: later(2.0) },
    ))
    .unwrap();
    advance(&fixture, 9.5);
    fixture.platform.api_keys.barrier().open();
    assert_eq!(asked.go_on(), Some(Some(Code::KeyRevoked)));
}

#[test]
fn a_record_that_was_read_before_it_changed_is_not_remembered_after() {
    let fixture = Fixture::new();
    let instance = fixture.start();
    let (id, text) = fixture.key();
    fixture.platform.api_keys.barrier().close();
    let mut asked = ask(&instance, ("x-api-key", &text), 0.0);
    futures::executor::block_on(fixture.keys().disable(&id, later(1.0))).unwrap();
    advance(&fixture, 7.0);
    assert_eq!(
        instance.token(&token("alice", "one"), later(7.0)),
        None,
        "the change is known by now"
    );
    fixture.platform.api_keys.barrier().open();
    assert!(asked.go_on().is_some());
    assert_eq!(instance.key(&text, later(8.0)), Some(Code::KeyDisabled));
}

#[test]
fn the_time_that_an_issuer_takes_to_answer_counts() {
    for (takes, code) in [(0.5, None), (9.0, Some(Code::RevocationStale))] {
        let fixture = Fixture::fetching();
        let instance = fixture.start();
        let (_, key) = fixture.key();
        assert_eq!(instance.key(&key, NOW), None);
        fixture.feed().set_unavailable("down");
        let documents = &fixture.platform.key_source.documents;
        documents.barrier().close();
        let bearer = format!("Bearer {}", token("alice", "one"));
        let mut asked = ask(&instance, ("authorization", &bearer), 2.0);
        advance(&fixture, takes);
        documents.barrier().open();
        assert_eq!(asked.go_on(), Some(code), "after {takes} s");
    }
}
