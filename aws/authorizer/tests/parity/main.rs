//! Compares the native host and the function: on every request of every scenario they make the same
//! decision, with the same code and the same principal.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a panic is a failed test"
)]

#[path = "../scenarios/as_events.rs"]
mod as_events;
#[path = "../common/mod.rs"]
mod common;
#[path = "../scenarios/host.rs"]
mod host;
#[path = "../../../../crates/edge-auth-cli/tests/product/mod.rs"]
mod product;

use std::path::Path;

use edge_auth_testkit::scenario::{Parity, Scenario, run_all};
use edge_auth_testkit::wire::WireHost;
use host::LambdaHost;
use product::Binary;

#[test]
fn the_native_host_and_the_function_decide_alike() {
    let binary = std::env::var_os("EDGE_AUTH_BINARY").unwrap_or_else(|| {
        panic!("EDGE_AUTH_BINARY is not set: run `cargo xtask test --only lambda`")
    });
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/scenarios");
    let scenarios = Scenario::all(&directory).unwrap();
    let native = WireHost::new(Binary::at(binary.into())).unwrap();
    let lambda = LambdaHost::new().unwrap();
    let mut both =
        Parity::of(vec![("the native host", Box::new(native)), ("the function", Box::new(lambda))]);
    let report = run_all(&scenarios, &mut both);
    println!("{report}");
    println!("{} calls were decided by both", both.compared());
    report.must_pass();
    assert!(both.compared() > 1000);
}
