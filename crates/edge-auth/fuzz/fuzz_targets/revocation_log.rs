//! Fuzzes a revocation log, which is administered, read and attacked in the order that the input
//! gives. An instance never forgets a revocation, unless a holder of the secret undoes it.

#![no_main]

use edge_auth_testkit::attacked_log::{AttackedLog, Step};
use libfuzzer_sys::fuzz_target;

/// The longest order. Longer ones find nothing more, and take longer.
const MAX_STEPS: usize = 60;

fuzz_target!(|input: &[u8]| {
    let mut log = AttackedLog::default();
    for step in input.iter().take(MAX_STEPS).map(|byte| Step::from(*byte)) {
        log.happen(step);
        if matches!(step, Step::Read(_)) {
            log.check().expect("the invariant");
        }
    }
});
