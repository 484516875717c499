//! The conformance suites of the stores, inside workerd.

use edge_auth_testkit::wire::exchange;
use serde_json::{Value, json};

use crate::deployment::{address, call};
use crate::driver::Driver;
use crate::test_worker;

#[test]
fn the_ledger_passes_every_suite() {
    let driver = Driver::start();
    let started = driver.start_workers(json!([Value::from(test_worker())])).unwrap();
    let mut asked = call("POST", "/", &[]);
    asked.body = json!({ "run": "conformance" }).to_string().into_bytes();
    let answer = exchange(address(&started, "tests"), &asked).unwrap();
    let report = String::from_utf8(answer.body).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap_or_else(|_| panic!("{report}"));
    let report = report["done"].as_str().unwrap_or_else(|| panic!("{report}"));
    println!("{report}");
    for grade in ["basic", "atomic", "expiry", "feed"] {
        assert!(report.contains(&format!("{grade}: ")), "{report}");
    }
    assert!(!report.contains(": FAILED") && !report.contains(": skipped"), "{report}");
}
