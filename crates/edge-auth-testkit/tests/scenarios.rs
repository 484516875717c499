//! Runs every scenario on a gate in this process.

use std::path::Path;

use edge_auth_testkit::scenario::{InProcess, Scenario, run_all};

#[test]
fn every_scenario_holds_in_process() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/scenarios");
    let scenarios = Scenario::all(&directory).unwrap();
    let report = run_all(&scenarios, &mut InProcess::new());
    println!("{report}");
    report.must_pass();
}
