//! A revocation log, administered, read and attacked in an order that the input gives: what an
//! instance knows to be revoked it does not forget, unless somebody who has the secret takes it
//! back.

#![no_main]

use edge_auth_testkit::attacked_log::{AttackedLog, Step};
use libfuzzer_sys::fuzz_target;

/// Longer orders find nothing that these do not, and take their time.
const MOST: usize = 60;

fuzz_target!(|input: &[u8]| {
    let mut log = AttackedLog::default();
    for step in input.iter().take(MOST).map(|byte| Step::from(*byte)) {
        log.happen(step);
        if matches!(step, Step::Read(_)) {
            log.check().expect("what must hold");
        }
    }
});
