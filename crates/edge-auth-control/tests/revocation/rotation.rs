//! Replaces the feed's secret. Revocations hold at every moment.

use std::time::Duration;

use edge_auth::Code;
use edge_auth::revocation::{Event, Identifier, Target};
use edge_auth_control::{ChangeMeta, RevocationLedger};
use edge_auth_control::{RevocationKind, RevocationRequest};
use edge_auth_testkit::randomness::SeededRandomness;
use edge_auth_token::Timestamp;
use futures::executor::block_on;

use crate::concurrent_writer::ConcurrentWriter;
use crate::fixture::{Fixture, ISS, NOW, later, many_events, request, token};

const BOTH: &str = "secret = { current = \"NEXT\", previous = [\"CURRENT\"] }";

#[test]
fn a_secret_is_replaced_in_three_steps() {
    let before = Fixture::new();
    before.revoke("one", NOW);
    before.enter(
        RevocationRequest { subject: Some("bob".to_owned()), ..request(RevocationKind::Subject) },
        later(0.5),
    );
    block_on(before.ledger().compact(&SeededRandomness::new(1), later(0.6))).unwrap();

    let both = before.under(BOTH);
    both.revoke("two", later(1.0));
    refuses_the_revoked(&both);
    block_on(both.ledger().compact(&SeededRandomness::new(2), later(2.0))).unwrap();
    refuses_the_revoked(&both);
    refuses_the_revoked(&before.under("secret = \"NEXT\""));
}

fn refuses_the_revoked(fixture: &Fixture) {
    let instance = fixture.start();
    for (subject, id) in [("alice", "one"), ("alice", "two"), ("bob", "three")] {
        let code = instance.token(&token(subject, id), later(2.0));
        assert_eq!(code, Some(Code::TokenRevoked), "{subject} {id}");
    }
    assert_eq!(instance.token(&token("alice", "good"), later(2.0)), None);
}

#[test]
fn an_entry_under_the_older_secret_can_be_undone_under_both() {
    let before = Fixture::new();
    before.revoke("one", NOW);
    block_on(before.ledger().compact(&SeededRandomness::new(1), NOW)).unwrap();
    let both = before.under(BOTH);
    block_on(both.revocations().undo(1, "a mistake", later(1.0))).unwrap();
    assert_eq!(both.start().token(&token("alice", "one"), later(1.0)), None);
}

#[test]
fn the_log_is_compacted_after_the_older_secret_is_gone() {
    let before = Fixture::new();
    before.revoke("one", NOW);
    let both = before.under(BOTH);
    block_on(both.ledger().compact(&SeededRandomness::new(2), NOW)).unwrap();
    let after = before.under("secret = \"NEXT\"");
    after.revoke("two", later(1.0));
    assert_eq!(block_on(after.ledger().compact(&SeededRandomness::new(3), later(1.0))).unwrap(), 2);
    let instance = after.start();
    for id in ["one", "two"] {
        assert_eq!(
            instance.token(&token("alice", id), later(2.0)),
            Some(Code::TokenRevoked),
            "{id}"
        );
    }
}

fn alice(before: Option<&str>) -> RevocationRequest {
    RevocationRequest {
        subject: Some("alice".to_owned()),
        before: before.map(str::to_owned),
        ..request(RevocationKind::Subject)
    }
}

#[test]
fn whatever_was_said_of_a_thing_before_the_last_entry_is_entered_again_too() {
    // The last entry is made with the older secret, or with the new one.
    for last_under in ["secret = \"CURRENT\"", BOTH] {
        let before = Fixture::new();
        before.enter(alice(None), later(1.0));
        before.under(last_under).enter(alice(Some("2026-01-01")), later(2.0));
        block_on(before.under(BOTH).ledger().compact(&SeededRandomness::new(1), later(3.0)))
            .unwrap();
        let after = before.under("secret = \"NEXT\"");
        after.revoke("other", later(4.0));
        block_on(after.ledger().compact(&SeededRandomness::new(2), later(5.0))).unwrap();
        let code = after.start().token(&token("alice", "issued before"), later(6.0));
        assert_eq!(code, Some(Code::TokenRevoked), "{last_under}");
    }
}

#[test]
fn an_undo_under_the_older_secret_holds_without_it() {
    let before = Fixture::new();
    let both = before.under(BOTH);
    both.revoke("one", NOW);
    block_on(
        before
            .under("secret = { current = \"CURRENT\", previous = [\"NEXT\"] }")
            .ledger()
            .undo(1, ChangeMeta { by: "test", reason: "a mistake", now: later(1.0) }),
    )
    .unwrap();
    block_on(both.ledger().compact(&SeededRandomness::new(1), later(2.0))).unwrap();
    let after = before.under("secret = \"NEXT\"");
    assert_eq!(after.start().token(&token("alice", "one"), later(3.0)), None);
}

#[test]
fn a_revocation_during_a_compaction_stays() {
    let before = Fixture::new();
    before.revoke("one", NOW);
    block_on(before.revocations().undo(1, "a mistake", NOW)).unwrap();
    block_on(
        before
            .ledger()
            .enter(many_events(200), ChangeMeta { by: "test", reason: "many", now: NOW }),
    )
    .unwrap();

    let both = before.under(BOTH);
    let log = ConcurrentWriter::by(before.feed(), || drop(both.revoke("one", later(1.0))));
    block_on(
        RevocationLedger::new(both.secrets(), &log).compact(&SeededRandomness::new(1), later(1.0)),
    )
    .unwrap();
    assert!(log.happened());
    for fixture in [&both, &before.under("secret = \"NEXT\"")] {
        let instance = fixture.start();
        for id in ["one", "m0", "m199"] {
            assert_eq!(
                instance.token(&token("alice", id), later(2.0)),
                Some(Code::TokenRevoked),
                "{id}"
            );
        }
    }
}

#[test]
fn the_secret_of_a_log_without_entries_is_replaced_too() {
    let before = Fixture::new();
    before.revoke("one", NOW);
    block_on(before.revocations().undo(1, "a mistake", NOW)).unwrap();
    before.key();
    block_on(before.ledger().compact(&SeededRandomness::new(1), NOW)).unwrap();
    block_on(before.under(BOTH).ledger().compact(&SeededRandomness::new(2), NOW)).unwrap();
    let after = before.under("secret = \"NEXT\"");
    assert_eq!(after.start().token(&token("alice", "one"), later(1.0)), None);
    after.revoke("two", later(2.0));
    block_on(after.ledger().compact(&SeededRandomness::new(3), later(2.0))).unwrap();
    assert_eq!(after.start().token(&token("alice", "two"), later(3.0)), Some(Code::TokenRevoked));
}

#[test]
fn hosts_get_the_new_secret_one_by_one_and_none_of_them_closes() {
    let before = Fixture::new();
    let steps =
        ["secret = { current = \"CURRENT\", previous = [\"NEXT\"] }", BOTH, "secret = \"NEXT\""];
    let worlds =
        [vec![before.under("secret = \"CURRENT\"")], steps.map(|step| before.under(step)).into()];
    let worlds: Vec<Fixture> = worlds.into_iter().flatten().collect();
    let mut seconds = 0.0;
    for (step, hosts) in worlds.windows(2).enumerate() {
        let [behind, ahead] = hosts else { panic!("two by two") };
        let instances = [behind.start(), ahead.start()];
        for writer in hosts {
            let id = format!("{step} {seconds}");
            writer.revoke(&id, later(seconds));
            seconds += 20.0;
            for instance in &instances {
                assert_eq!(
                    instance.token(&token("alice", "good"), later(seconds)),
                    None,
                    "step {step}"
                );
                let code = instance.token(&token("alice", &id), later(seconds));
                assert_eq!(code, Some(Code::TokenRevoked), "step {step}");
            }
        }
        if step == 1 {
            block_on(ahead.ledger().compact(&SeededRandomness::new(2), later(seconds))).unwrap();
        }
    }
}

/// One step of a history: which policy writes it, and what it does.
#[derive(Clone, Copy)]
enum Step {
    /// Revokes for good, tokens that exist among them.
    Revoke,
    /// Revokes until an hour from now, and of a subject only tokens that are a day old.
    RevokeForAnHour,
    Undo,
}

const STEPS: [Step; 3] = [Step::Revoke, Step::RevokeForAnHour, Step::Undo];
const HISTORY: usize = 3;

/// The steps of history `number`, each with whether the newer secret is the current one.
fn history(number: usize) -> [(bool, Step); HISTORY] {
    let choices = 2 * STEPS.len();
    [1, choices, choices * choices].map(|unit| {
        let choice = number / unit % choices;
        (choice >= STEPS.len(), STEPS[choice % STEPS.len()])
    })
}

fn entry(step: Step, target: impl Fn(Timestamp) -> Target) -> (Event, Option<Timestamp>) {
    match step {
        Step::Revoke => (Event::Revoked(target(later(60.0))), None),
        Step::RevokeForAnHour => {
            let a_day_ago = NOW.minus(Duration::from_secs(86_400));
            (Event::Revoked(target(a_day_ago)), Some(later(3600.0)))
        }
        Step::Undo => (Event::Undone(target(NOW)), None),
    }
}

#[test]
fn the_secret_is_replaced_whatever_was_said_of_a_thing_under_either_secret() {
    let text = |text: String| Identifier::try_from(text).unwrap();
    let subject = |number: usize| {
        move |before| Target::Subject {
            issuer: text(ISS.to_owned()),
            subject: text(format!("subject {number}")),
            before,
        }
    };
    let id = |number: usize| {
        move |_| Target::Token { issuer: text(ISS.to_owned()), id: text(format!("token {number}")) }
    };
    let fixture = Fixture::new();
    let writers = [
        fixture.under("secret = { current = \"CURRENT\", previous = [\"NEXT\"] }"),
        fixture.under(BOTH),
    ];
    let histories = (2 * STEPS.len()).pow(HISTORY as u32);
    for place in 0..HISTORY {
        for (newer, writer) in [false, true].into_iter().zip(&writers) {
            let mut events = Vec::new();
            for number in 0..histories {
                let (by_newer, step) = history(number)[place];
                if by_newer == newer {
                    events.extend([entry(step, subject(number)), entry(step, id(number))]);
                }
            }
            let meta = ChangeMeta { by: "test", reason: "a test", now: NOW };
            block_on(writer.ledger().enter(events, meta)).unwrap();
        }
    }
    block_on(writers[1].ledger().compact(&SeededRandomness::new(1), NOW)).unwrap();
    let after = fixture.under("secret = \"NEXT\"").start();
    for number in 0..histories {
        // An undoing takes back all before it.
        let (mut any, mut of_today) = (false, false);
        for (_, step) in history(number) {
            (any, of_today) = match step {
                Step::Revoke => (true, true),
                Step::RevokeForAnHour => (true, of_today),
                Step::Undo => (false, false),
            };
        }
        let code = after.token(&token(&format!("subject {number}"), "a"), NOW);
        assert_eq!(code, of_today.then_some(Code::TokenRevoked), "subject {number}");
        let code = after.token(&token("alice", &format!("token {number}")), NOW);
        assert_eq!(code, any.then_some(Code::TokenRevoked), "token {number}");
    }
}
