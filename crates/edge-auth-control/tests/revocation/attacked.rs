//! Every order of a few things that administrators, instances and one who can write to the store
//! do, and long orders of all of them at random.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test reads its depth and prints how much it tried"
)]

use std::collections::HashSet;

use edge_auth_testkit::attacked_log::{Answer, AttackedLog, Step};
use proptest::prelude::*;

use Step::*;

/// The number of steps in an order, including the read at its end. `DEPTH` in the environment
/// says another number: six take some minutes.
fn depth() -> usize {
    std::env::var("DEPTH").map_or(4, |depth| depth.parse().unwrap())
}

/// Checks every order of these steps in which an instance is asked at the end. What leads to the
/// same is tried once.
fn every_order(first: &[Step], steps: &[Step]) {
    let mut begun = AttackedLog::default();
    for step in first {
        begun.happen(*step);
    }
    let (mut level, mut seen, mut checked) = (vec![(begun, Vec::new())], HashSet::new(), 0);
    for left in (0..depth()).rev() {
        let mut next = Vec::new();
        for (log, order) in level {
            for step in steps.iter().filter(|step| left > 0 || matches!(step, Read(_))) {
                let (mut log, mut order): (AttackedLog, Vec<Step>) = (log.clone(), order.clone());
                if !log.happen(*step) || !seen.insert(log.fingerprint()) {
                    continue;
                }
                order.push(*step);
                if matches!(step, Read(_)) {
                    checked += 1;
                    if let Err(violation) = log.check() {
                        panic!("{first:?}, then {order:?}: {violation:?}");
                    }
                }
                if left > 0 {
                    next.push((log, order));
                }
            }
        }
        level = next;
    }
    println!("{checked} orders");
    assert!(checked > 100, "{checked}");
}

#[test]
fn known_revocations_stay_known_after_any_change_of_the_log() {
    let steps = [
        RevokeOther,
        UndoToken,
        RevokeToken,
        Compact,
        Delete(0),
        Delete(1),
        DropSnapshot,
        Save,
        PutBack,
        PutBackMissing,
        Read(0),
    ];
    every_order(&[RevokeOther, RevokeToken, Read(0)], &steps);
}

#[test]
fn and_while_entries_lapse() {
    let steps = [
        RevokeOther,
        WriteKey,
        UndoToken,
        RevokeToken,
        RevokeBriefly,
        Compact,
        Pass,
        Delete(0),
        Delete(1),
        DropSnapshot,
        Save,
        PutBack,
        Read(0),
    ];
    every_order(&[RevokeToken, WriteKey, Read(0)], &steps);
}

#[test]
fn and_behind_a_snapshot() {
    let steps = [
        RevokeOther,
        RevokeBriefly,
        UndoToken,
        RevokeSubject,
        UndoSubject,
        Compact,
        Delete(0),
        DeleteOldest,
        DamagePages,
        PutBackSnapshot,
        Save,
        Pass,
        Read(0),
        Restart(0),
    ];
    every_order(&[RevokeToken, RevokeSubject, Compact, Read(0)], &steps);
}

#[test]
fn and_under_a_new_secret() {
    let steps = [
        RevokeOther,
        UndoToken,
        RevokeToken,
        RevokeSubject,
        Compact,
        Renew,
        Delete(0),
        Save,
        PutBackRecords,
        PutBackMissing,
        Move,
        Read(0),
    ];
    every_order(&[RevokeOther, RevokeToken, Compact, Read(0)], &steps);
}

/// What may follow after the attacker deleted all records that the instance read, and
/// administrators entered others in their places. `Delete(1)` takes the record at the place of the
/// instance out, as a compaction may.
const AFTER_A_NEW_LOG: [Step; 11] = [
    RevokeOther,
    WriteKey,
    RevokeToken,
    UndoToken,
    Compact,
    Delete(0),
    Delete(1),
    DropSnapshot,
    PutBackMissing,
    Pass,
    Read(0),
];

#[test]
fn and_against_a_log_that_began_anew() {
    let deleted = [RevokeToken, WriteKey, Save, Read(0), Pass, Delete(0), Delete(0)];
    let first = [&deleted[..], &[RevokeOther, RevokeOther]].concat();
    every_order(&first, &AFTER_A_NEW_LOG);
}

#[test]
fn and_against_a_snapshot_of_a_log_that_began_anew() {
    let deleted =
        [RevokeToken, WriteKey, Compact, Save, Read(0), Pass, DropSnapshot, Delete(0), Delete(0)];
    let first = [&deleted[..], &[RevokeOther, RevokeOther]].concat();
    every_order(&first, &AFTER_A_NEW_LOG);
}

#[test]
fn and_against_an_older_undoing_in_a_log_that_began_anew() {
    let read = [RevokeToken, UndoToken, RevokeToken, WriteKey, Read(0), Pass];
    let first = [&read[..], &[Delete(0), Delete(0), RevokeOther, RevokeOther]].concat();
    every_order(&first, &AFTER_A_NEW_LOG);
}

#[test]
fn and_against_another_snapshot_of_the_same_place() {
    let deleted = [RevokeToken, WriteKey, Read(0), Pass, Delete(0), Delete(0)];
    let first = [&deleted[..], &[RevokeOther, RevokeOther, Compact, RevokeOther, Save]].concat();
    every_order(&first, &AFTER_A_NEW_LOG);
}

#[test]
fn and_against_an_older_snapshot() {
    let read = [RevokeOther, Compact, Save, RevokeToken, WriteKey, Compact, Read(0), Pass];
    let first = [&read[..], &[PutBack, RevokeOther, RevokeOther, RevokeOther, Save]].concat();
    every_order(&first, &AFTER_A_NEW_LOG);
}

#[test]
fn short_orders_have_the_expected_answers() {
    for (steps, answer) in [
        (&[Read(0)][..], Answer::Allowed),
        (&[RevokeToken, Read(0)], Answer::Refused),
        (&[RevokeToken, Compact, UndoToken, Read(0)], Answer::Allowed),
        (&[RevokeBriefly, Pass, Read(0)], Answer::Allowed),
        (&[RevokeOther, Read(0), Delete(0), Read(0)], Answer::Closed),
    ] {
        let mut log = AttackedLog::default();
        for step in steps {
            log.happen(*step);
        }
        log.check().unwrap();
        assert_eq!(log.answer(0), Some(answer), "{steps:?}");
    }
}

/// Takes these steps, and checks the answers after each read.
fn take(steps: &[Step]) -> AttackedLog {
    let mut log = AttackedLog::default();
    for step in steps {
        log.happen(*step);
        if matches!(step, Read(_)) {
            assert_eq!(log.check(), Ok(()), "{steps:?}");
        }
    }
    log
}

#[test]
fn an_instance_reads_the_log_and_alerts_after_another_one_restarted() {
    let log = take(&[RevokeToken, Read(1), Read(0), Restart(1), Delete(0), Read(0)]);
    assert_eq!(log.answer(0), Some(Answer::Closed));
}

#[test]
fn a_snapshot_lacks_a_record_that_was_put_back_before_the_one_it_continues() {
    let log = take(&[
        RevokeToken,
        Save,
        Delete(0),
        RevokeOther,
        RevokeOther,
        Compact,
        Delete(1),
        PutBackMissing,
        RevokeOther,
        Compact,
        Read(0),
    ]);
    assert_eq!(log.answer(0), Some(Answer::Allowed));
}

#[test]
fn orders_that_lead_to_different_answers_have_different_fingerprints() {
    for (one, other) in [
        (&[RevokeBriefly, Read(0), Pass][..], &[RevokeBriefly, Pass, Read(0)][..]),
        (&[RevokeToken, Delete(0)], &[RevokeOther, Delete(0)]),
        (&[Read(0), RevokeToken, Read(0)], &[Read(0), RevokeToken, Read(1)]),
        (&[Save, RevokeToken, Delete(0)], &[RevokeToken, Save, Delete(0)]),
    ] {
        assert_ne!(take(one).fingerprint(), take(other).fingerprint(), "{one:?}, {other:?}");
    }
}

fn any_step() -> impl Strategy<Value = Step> {
    (0..=u8::MAX).prop_map(Step::from)
}

proptest! {
    #[test]
    fn a_known_revocation_stays_known_in_long_orders(steps in prop::collection::vec(any_step(), 1..30)) {
        let mut log = AttackedLog::default();
        for step in &steps {
            log.happen(*step);
            if matches!(step, Read(_)) {
                prop_assert_eq!(log.check(), Ok(()), "{:?}", steps);
            }
        }
    }
}
