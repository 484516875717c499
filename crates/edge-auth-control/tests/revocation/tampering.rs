//! A writer to the store can neither undo a revocation unnoticed nor hide later ones.

use edge_auth::Code;
use edge_auth::platform::RevocationRecord;
use edge_auth_control::LedgerError;
use edge_auth_testkit::certificates::ClientPlan;
use edge_auth_testkit::randomness::SeededRandomness;
use futures::executor::block_on;
use proptest::prelude::*;
use std::collections::BTreeMap;

use crate::fixture::{Fixture, Instance, NOW, later, token};
use crate::repeated::request;

type Records = BTreeMap<u64, RevocationRecord>;
type Parts = BTreeMap<(String, u32), Vec<u8>>;

/// An instance that knows the first of three revoked tokens, and a change of the store after that.
fn tampered(change: impl FnOnce(&mut Records)) -> (Fixture, Instance) {
    let fixture = Fixture::new();
    let instance = fixture.start();
    fixture.revoke("first", NOW);
    assert_eq!(instance.token(&token("alice", "first"), NOW), Some(Code::TokenRevoked));
    fixture.revoke("second", later(1.0));
    fixture.revoke("third", later(1.0));
    fixture.feed().tamper(|records, _| change(records));
    (fixture, instance)
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
fn an_edited_record_is_of_known_later_ones_count_and_the_gate_closes_at_the_bound() {
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
    let changes: [(&str, Change); 10] = [
        ("cut short", |records| records.get_mut(&2).unwrap().document.truncate(40)),
        ("emptied", |records| records.get_mut(&2).unwrap().document.clear()),
        ("made of junk", |records| records.get_mut(&2).unwrap().document = "[]".to_owned()),
        ("made huge", |records| records.get_mut(&2).unwrap().document = "x".repeat(100_000)),
        ("found by another mark", |records| records.get_mut(&2).unwrap().mark = "0".repeat(32)),
        ("said to lapse earlier", |records| records.get_mut(&2).unwrap().expires_at = Some(NOW)),
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
        assert_eq!(
            instance.token(&token("alice", "first"), later(7.0)),
            Some(Code::TokenRevoked),
            "{what}"
        );
        assert_eq!(asked(&instance, 10.0).0, Some(Code::RevocationStale), "{what}");
    }
}

#[test]
fn a_log_that_was_put_back_and_went_on_since_is_noticed() {
    let fixture = Fixture::new();
    let instance = fixture.start();
    fixture.revoke("first", NOW);
    let mut before = Records::new();
    fixture.feed().tamper(|records, _| before = records.clone());
    fixture.revoke("second", NOW);
    assert_eq!(instance.token(&token("alice", "second"), NOW), Some(Code::TokenRevoked));
    fixture.feed().tamper(|records, _| *records = before);
    // As long as the log that was read, and longer: each record has a right MAC.
    fixture.revoke("third", later(1.0));
    fixture.revoke("fourth", later(1.0));
    let (_, notices) = asked(&instance, 7.0);
    assert!(notices.contains("ALERT: record 2 is another one than was read before"), "{notices}");
    assert_eq!(instance.token(&token("alice", "second"), later(7.0)), Some(Code::TokenRevoked));
    assert_eq!(asked(&instance, 10.0).0, Some(Code::RevocationStale));
}

#[test]
fn a_record_of_another_secret_is_none() {
    let fixture = Fixture::new();
    fixture.revoke("one", NOW);
    block_on(fixture.ledger().compact(&SeededRandomness::new(1), NOW)).unwrap();
    let other = fixture.under("secret = \"NEXT\"");
    let outcome = other.start().outcome(
        "/orders",
        ("authorization", &format!("Bearer {}", token("a", "b"))),
        NOW,
    );
    assert_eq!(outcome.code(), Some(Code::RevocationStale));
    let reason = outcome.audit.unwrap().reason.unwrap();
    assert!(
        reason.contains(
            "which the policy does not name; give this host the secrets that the others have"
        ),
        "{reason}"
    );
    let notices = outcome.notices.join("; ");
    assert!(!notices.contains("ALERT"), "this is possible without tampering: {notices}");
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
    let fixture = Fixture::new();
    let instance = fixture.start();
    fixture.revoke("first", NOW);
    assert_eq!(asked(&instance, 0.0).0, None);
    fixture.revoke("second", later(1.0));
    let mut whole = Records::new();
    fixture.feed().tamper(|records, _| {
        whole = records.clone();
        edit(records.get_mut(&2).unwrap());
    });
    assert_eq!(asked(&instance, 20.0).0, Some(Code::RevocationStale));
    fixture.feed().tamper(|records, _| *records = whole);
    assert_eq!(asked(&instance, 22.0).0, None);
    assert_eq!(instance.token(&token("alice", "second"), later(22.0)), Some(Code::TokenRevoked));
}

/// Three revoked tokens in a snapshot, and a change of the store after that.
fn tampered_snapshot(change: impl FnOnce(&mut Records, &mut Parts)) -> Fixture {
    let fixture = Fixture::new();
    for id in ["first", "second", "third"] {
        fixture.revoke(id, NOW);
    }
    compact(&fixture, 1).unwrap();
    fixture.feed().tamper(change);
    fixture
}

fn compact(fixture: &Fixture, seed: u64) -> Result<usize, LedgerError> {
    block_on(fixture.ledger().compact(&SeededRandomness::new(seed), later(1.0)))
}

/// The code and the notices of an answer to this token.
fn decided(instance: &Instance, id: &str) -> (Option<Code>, String) {
    let field = ("authorization", &*format!("Bearer {}", token("alice", id)));
    let outcome = instance.outcome("/orders", field, later(2.0));
    (outcome.code(), outcome.notices.join("; "))
}

#[test]
fn a_revocation_in_a_snapshot_whose_record_is_gone_refuses_and_alerts() {
    type Change = fn(&mut Records);
    let changes: [(&str, Change); 2] = [
        ("taken out", |records| drop(records.remove(&2))),
        ("found by another mark", |records| records.get_mut(&2).unwrap().mark = "0".repeat(32)),
    ];
    for (what, change) in changes {
        let fixture = tampered_snapshot(|_, _| {});
        let running = fixture.start();
        assert_eq!(decided(&running, "good"), (None, String::new()));
        fixture.feed().tamper(|records, _| change(records));
        for instance in [running, fixture.start()] {
            let (code, notices) = decided(&instance, "second");
            assert_eq!(code, Some(Code::TokenRevoked), "{what}");
            assert!(notices.contains("ALERT: a revocation that the snapshot"), "{what}: {notices}");
            assert_eq!(
                decided(&instance, "third"),
                (Some(Code::TokenRevoked), String::new()),
                "{what}"
            );
            assert_eq!(decided(&instance, "good"), (None, String::new()), "{what}");
        }
    }
}

#[test]
fn removing_the_second_record_does_not_undo_a_revocation() {
    let fixture = Fixture::new();
    fixture.revoke("one", NOW);
    block_on(fixture.revocations().undo(1, "a mistake", NOW)).unwrap();
    fixture.revoke("one", NOW);
    fixture.revoke("other", NOW);
    compact(&fixture, 1).unwrap();
    fixture.feed().tamper(|records, _| drop(records.remove(&3)));
    let (code, notices) = decided(&fixture.start(), "one");
    assert_eq!(code, Some(Code::TokenRevoked));
    assert!(notices.contains("ALERT"), "{notices}");
}

#[test]
fn removing_a_longer_revocation_does_not_shorten_it() {
    let fixture = Fixture::new();
    let client = fixture.authority.issue(&ClientPlan::with_uri("spiffe://example.com/a"));
    fixture.enter(request(&client, "10y"), NOW);
    fixture.revoke("other", NOW);
    compact(&fixture, 1).unwrap();
    let again = fixture.enter(request(&client, "2h"), later(2.0));
    fixture.feed().tamper(|records, _| drop(records.remove(&1)));
    let instance = fixture.start();
    assert_eq!(instance.certificate(&client, later(3.0)), Some(Code::CertificateRevoked));
    let lapsed = again.until.unwrap().plus(std::time::Duration::from_secs(25 * 3600));
    for instance in [instance, fixture.start()] {
        let outcome = instance.certificate_outcome(&client, lapsed);
        assert_eq!(outcome.code(), Some(Code::CertificateRevoked));
        assert!(outcome.notices.join("; ").contains("ALERT"), "{:?}", outcome.notices);
    }
}

#[test]
fn a_compaction_brings_nothing_back_whose_record_is_gone() {
    let fixture = tampered_snapshot(|records, _| drop(records.remove(&2)));
    fixture.revoke("fourth", later(1.0));
    assert_eq!(compact(&fixture, 2).unwrap(), 4);
    assert_eq!(decided(&fixture.start(), "second").0, Some(Code::TokenRevoked));
}

#[test]
fn a_secret_is_not_replaced_while_records_are_gone_that_the_snapshot_has() {
    let fixture = tampered_snapshot(|records, _| drop(records.remove(&2)));
    let both = fixture.under("secret = { current = \"NEXT\", previous = [\"CURRENT\"] }");
    let refused = compact(&both, 2).unwrap_err();
    assert!(matches!(refused, LedgerError::TakenOut(1)), "{refused}");
    assert_eq!(decided(&both.start(), "second").0, Some(Code::TokenRevoked));
}

#[test]
fn without_the_page_nothing_that_the_log_does_not_confirm_is_let_through() {
    type Change = fn(&mut Parts);
    let changes: [(&str, Change); 2] = [
        ("taken out", |parts| parts.retain(|(_, number), _| *number == 0)),
        ("changed", |parts| parts.values_mut().last().unwrap()[0] ^= 1),
    ];
    for (what, change) in changes {
        let fixture = tampered_snapshot(|records, parts| {
            records.remove(&2);
            change(parts);
        });
        let instance = fixture.start();
        let field = ("authorization", &*format!("Bearer {}", token("alice", "second")));
        let outcome = instance.outcome("/orders", field, later(2.0));
        assert_eq!(outcome.code(), Some(Code::StoreUnavailable), "{what}");
        let reason = outcome.audit.unwrap().reason.unwrap();
        assert!(reason.contains("ALERT: the snapshot of record 3"), "{what}: {reason}");
        assert_eq!(decided(&instance, "third").0, Some(Code::TokenRevoked), "{what}");
        // The rest is not compacted into a snapshot.
        fixture.revoke("fourth", later(1.0));
        let refused = compact(&fixture, 2).unwrap_err();
        assert!(
            refused.to_string().contains("ALERT: records of the log are missing"),
            "{what}: {refused}"
        );
    }
}

#[test]
fn of_a_whole_log_a_snapshot_is_made_though_the_last_one_is_damaged() {
    let fixture = tampered_snapshot(|_, parts| parts.values_mut().for_each(Vec::clear));
    fixture.revoke("fourth", later(1.0));
    assert_eq!(compact(&fixture, 2).unwrap(), 4);
    assert_eq!(decided(&fixture.start(), "second"), (Some(Code::TokenRevoked), String::new()));
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
        // A changed `secret` in a record may name another host's secret.
        let notices = asked(&instance, 7.0).1;
        prop_assert!(notices.contains("ALERT") || notices.contains("the policy does not name"), "{notices}");
        prop_assert_eq!(asked(&instance, 10.0).0, Some(Code::RevocationStale));
    }
}
