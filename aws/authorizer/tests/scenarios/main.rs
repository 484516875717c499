//! Runs every scenario on the real program, with a Runtime API and with keys in DynamoDB Local.
//! Cases of a gateway become authorizers' events, those of other endpoints HTTP events.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a panic is a failed test"
)]

mod as_events;
#[path = "../common/mod.rs"]
mod common;
mod host;

use std::path::Path;

use edge_auth_testkit::scenario::{Scenario, run_all};
use host::LambdaHost;

#[test]
fn every_scenario_holds_on_lambda() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/scenarios");
    let scenarios = Scenario::all(&directory).unwrap();
    let report = run_all(&scenarios, &mut LambdaHost::new().unwrap());
    println!("{report}");
    report.must_pass();
}
