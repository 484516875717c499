//! Who can write to the store edits it between two reads of a running instance: what that knows, it does
//! not forget.

use std::time::Duration;

use edge_auth::Code;
use edge_auth_testkit::certificates::ClientPlan;
use edge_auth_testkit::randomness::SeededRandomness;
use edge_auth_testkit::revocations::StoredLog;
use edge_auth_token::Timestamp;
use futures::executor::block_on;

use crate::world::{Instance, NOW, World, later, token};

/// The code and all that the operator is told of an answer to this token.
fn told(instance: &Instance, id: &str, now: Timestamp) -> (Option<Code>, String) {
    let field = ("authorization", &*format!("Bearer {}", token("alice", id)));
    let outcome = instance.outcome("/orders", field, now);
    let told = outcome.audit.reason.iter().chain(&outcome.notices).cloned().collect::<Vec<_>>();
    (outcome.code(), told.join("; "))
}

fn compact(world: &World, seed: u64, now: Timestamp) {
    block_on(world.ledger().compact(&SeededRandomness::new(seed), now)).unwrap();
}

/// An instance that knows three records, the last of which revokes `known`.
fn knowing() -> (World, Instance) {
    let world = World::new();
    let instance = world.start();
    for id in ["one", "two", "known"] {
        world.revoke(id, NOW);
    }
    assert_eq!(told(&instance, "known", NOW).0, Some(Code::TokenRevoked));
    (world, instance)
}

#[test]
fn a_snapshot_of_a_log_that_lacks_what_is_known_takes_nothing_back_and_is_told_of() {
    let (world, instance) = knowing();
    world.feed().tamper(|records, _| drop(records.remove(&3)));
    world.revoke("four", NOW);
    world.revoke("five", NOW);
    compact(&world, 1, NOW);
    world.feed().tamper(|records, _| drop(records.remove(&3)));
    let (code, told_of) = told(&instance, "known", later(7.0));
    assert_eq!(code, Some(Code::TokenRevoked));
    let notices = told_of + &told(&instance, "good", later(7.0)).1;
    assert!(notices.contains("ALERT"), "{notices}");
    assert_eq!(told(&instance, "good", later(20.0)).0, Some(Code::RevocationStale));
}

#[test]
fn nor_does_one_that_is_made_after_all_of_the_log_was_replaced() {
    let (world, instance) = knowing();
    compact(&world, 1, NOW);
    world.feed().tamper(|records, _| drop(records.remove(&3)));
    // Nothing is left of the snapshot, either: an administrator's tool believes what it finds.
    world.feed().put_back(StoredLog { snapshot: None, ..world.feed().stored() });
    for id in ["four", "five", "six"] {
        world.revoke(id, NOW);
    }
    compact(&world, 2, NOW);
    world.feed().tamper(|records, _| records.retain(|sequence, _| *sequence > 4));
    let (code, _) = told(&instance, "known", later(7.0));
    assert_eq!(code, Some(Code::TokenRevoked));
    let (code, notices) = told(&instance, "good", later(20.0));
    assert_eq!(code, Some(Code::RevocationStale));
    assert!(notices.contains("ALERT"), "{notices}");
}

#[test]
fn an_older_undoing_that_was_put_back_out_of_place_takes_nothing_back() {
    let world = World::new();
    let instance = world.start();
    world.revoke("known", NOW);
    world.revoke("two", NOW);
    world.revoke("three", NOW);
    block_on(world.revocations().undo(1, "a mistake", NOW)).unwrap();
    let undoing = world.feed().stored().records[&4].clone();
    world.feed().tamper(|records, _| drop(records.split_off(&2)));
    world.revoke("known", later(1.0));
    assert_eq!(told(&instance, "known", later(1.0)).0, Some(Code::TokenRevoked));
    world.feed().tamper(|records, _| drop(records.insert(4, undoing)));
    let (code, notices) = told(&instance, "known", later(8.0));
    assert_eq!(code, Some(Code::TokenRevoked), "{notices}");
    assert!(told(&instance, "good", later(20.0)).1.contains("ALERT"));
}

#[test]
fn what_is_confirmed_for_a_time_is_confirmed_anew_when_that_has_passed() {
    let world = World::new();
    let client = world.authority.issue(&ClientPlan::with_uri("spiffe://example.com/a"));
    world.enter(crate::again::request(&client, "10y"), NOW);
    world.revoke("other", NOW);
    let again = world.enter(crate::again::request(&client, "2h"), NOW);
    compact(&world, 1, NOW);
    world.feed().tamper(|records, _| drop(records.remove(&1)));
    let instance = world.start();
    assert_eq!(instance.certificate(&client, later(1.0)), Some(Code::CertificateRevoked));
    let lapsed = again.until.unwrap().plus(Duration::from_secs(25 * 3600));
    let outcome = instance.certificate_outcome(&client, lapsed);
    assert_eq!(outcome.code(), Some(Code::CertificateRevoked));
    assert!(outcome.notices.join("; ").contains("ALERT"), "{:?}", outcome.notices);
}
