//! Every scenario over HTTP, against the real binary: once as a gateway, once as an authorizer.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a panic is a failed test"
)]

mod product;

use std::path::Path;

use edge_auth_testkit::scenario::{Scenario, run_all};
use edge_auth_testkit::wire::WireHost;
use product::Binary;

#[test]
fn every_scenario_holds_over_http() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/scenarios");
    let scenarios = Scenario::all(&directory).unwrap();
    let binary = Binary::at(env!("CARGO_BIN_EXE_edge-auth").into());
    let report = run_all(&scenarios, &mut WireHost::new(binary).unwrap());
    println!("{report}");
    report.must_pass();
}
