//! Who can write to the store can neither bring something back unnoticed nor hide what follows.

use edge_auth::Code;
use edge_auth::platform::RevocationRecord;
use proptest::prelude::*;
use std::collections::BTreeMap;

use crate::world::{Instance, NOW, World, later, token};

type Records = BTreeMap<u64, RevocationRecord>;

/// An instance that knows the first of three revoked tokens, and a change of the store after that.
fn tampered(change: impl FnOnce(&mut Records)) -> (World, Instance) {
    let world = World::new();
    let instance = world.start();
    world.revoke("first", NOW);
    assert_eq!(instance.token(&token("alice", "first"), NOW), Some(Code::TokenRevoked));
    world.revoke("second", later(1.0));
    world.revoke("third", later(1.0));
    world.feed().tamper(|records, _| change(records));
    (world, instance)
}

/// The notices of an answer to a good token at this time, and its code.
fn asked(instance: &Instance, seconds: f64) -> (Option<Code>, String) {
    let field = ("authorization", &*format!("Bearer {}", token("alice", "good")));
    let outcome = instance.outcome("/orders", field, later(seconds));
    (outcome.code(), outcome.notices.join("; "))
}

fn edit(record: &mut RevocationRecord) {
    record.document = record.document.replace("second", "sec0nd");
}

#[test]
fn an_edited_record_is_told_of_later_ones_count_and_the_gate_closes_at_the_bound() {
    let (_, instance) = tampered(|records| edit(records.get_mut(&2).unwrap()));
    let (code, notices) = asked(&instance, 7.0);
    assert_eq!(code, None);
    assert!(notices.contains("ALERT: record 2 has a wrong MAC"), "{notices}");
    assert_eq!(instance.token(&token("alice", "first"), later(7.0)), Some(Code::TokenRevoked));
    assert_eq!(instance.token(&token("alice", "third"), later(7.0)), Some(Code::TokenRevoked));
    assert_eq!(asked(&instance, 10.0).0, Some(Code::RevocationStale));
}

#[test]
fn whatever_is_done_to_a_record_it_is_noticed() {
    type Change = fn(&mut Records);
    let changes: [(&str, Change); 9] = [
        ("cut short", |records| records.get_mut(&2).unwrap().document.truncate(40)),
        ("emptied", |records| records.get_mut(&2).unwrap().document.clear()),
        ("made of junk", |records| records.get_mut(&2).unwrap().document = "[]".to_owned()),
        ("made huge", |records| records.get_mut(&2).unwrap().document = "x".repeat(100_000)),
        ("found by another mark", |records| records.get_mut(&2).unwrap().mark = "0".repeat(32)),
        ("taken out", |records| drop(records.remove(&2))),
        ("moved", |records| {
            let moved = records[&3].clone();
            records.insert(2, RevocationRecord { sequence: 2, ..moved });
        }),
        ("repeated", |records| {
            let repeated = records[&2].clone();
            records.insert(4, RevocationRecord { sequence: 4, ..repeated });
        }),
        ("rolled back", |records| drop(records.split_off(&1))),
    ];
    for (what, change) in changes {
        let (_, instance) = tampered(change);
        let (_, notices) = asked(&instance, 7.0);
        assert!(notices.contains("ALERT"), "{what}: {notices}");
        assert_eq!(instance.token(&token("alice", "first"), later(7.0)), Some(Code::TokenRevoked), "{what}");
        assert_eq!(asked(&instance, 10.0).0, Some(Code::RevocationStale), "{what}");
    }
}

#[test]
fn a_log_that_was_put_back_and_went_on_since_is_noticed() {
    let world = World::new();
    let instance = world.start();
    world.revoke("first", NOW);
    let mut before = Records::new();
    world.feed().tamper(|records, _| before = records.clone());
    world.revoke("second", NOW);
    assert_eq!(instance.token(&token("alice", "second"), NOW), Some(Code::TokenRevoked));
    world.feed().tamper(|records, _| *records = before);
    // As long as the log that was read, and longer: each record has a right MAC.
    world.revoke("third", later(1.0));
    world.revoke("fourth", later(1.0));
    let (_, notices) = asked(&instance, 7.0);
    assert!(notices.contains("ALERT: record 2 is another one than was read before"), "{notices}");
    assert_eq!(instance.token(&token("alice", "second"), later(7.0)), Some(Code::TokenRevoked));
    assert_eq!(asked(&instance, 10.0).0, Some(Code::RevocationStale));
}

#[test]
fn a_record_of_another_secret_is_none() {
    let world = World::new();
    world.revoke("one", NOW);
    let other = world.under("secret = \"NEXT\"");
    let outcome =
        other.start().outcome("/orders", ("authorization", &format!("Bearer {}", token("a", "b"))), NOW);
    assert_eq!(outcome.code(), Some(Code::RevocationStale));
    let reason = outcome.audit.reason.unwrap();
    assert!(
        reason.contains("which the policy does not name; give this host the secrets that the others have"),
        "{reason}"
    );
    let told = outcome.notices.join("; ");
    assert!(!told.contains("ALERT"), "nobody need have changed anything: {told}");
}

#[test]
fn a_record_that_was_believed_before_cannot_be_passed_off_as_one_of_another_secret() {
    let (_, instance) = tampered(|records| {
        let document = &mut records.get_mut(&1).unwrap().document;
        *document = document.replacen("\"secret\":\"", "\"secret\":\"0", 1);
    });
    let (_, notices) = asked(&instance, 7.0);
    assert!(notices.contains("ALERT"), "{notices}");
}

#[test]
fn an_instance_goes_on_when_the_store_is_mended() {
    let world = World::new();
    let instance = world.start();
    world.revoke("first", NOW);
    assert_eq!(asked(&instance, 0.0).0, None);
    world.revoke("second", later(1.0));
    let mut whole = Records::new();
    world.feed().tamper(|records, _| {
        whole = records.clone();
        edit(records.get_mut(&2).unwrap());
    });
    assert_eq!(asked(&instance, 20.0).0, Some(Code::RevocationStale));
    world.feed().tamper(|records, _| *records = whole);
    assert_eq!(asked(&instance, 22.0).0, None);
    assert_eq!(instance.token(&token("alice", "second"), later(22.0)), Some(Code::TokenRevoked));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_change_of_a_record_goes_unnoticed(at: prop::sample::Index, bit in 0_u8..7, cut: bool) {
        let (_, instance) = tampered(|records| {
            let document = &mut records.get_mut(&2).unwrap().document;
            let at = at.index(document.len());
            if cut {
                document.truncate(at);
            } else {
                let mut bytes = std::mem::take(document).into_bytes();
                bytes[at] ^= 1 << bit;
                *document = String::from_utf8(bytes).unwrap();
            }
        });
        // What turns up in a record's `secret` may be another host's.
        let told = asked(&instance, 7.0).1;
        prop_assert!(told.contains("ALERT") || told.contains("the policy does not name"), "{told}");
        prop_assert_eq!(asked(&instance, 10.0).0, Some(Code::RevocationStale));
    }
}
