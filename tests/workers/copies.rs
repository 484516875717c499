//! Copies of keys in KV: a late or missing copy refuses no caller.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::deployment::{Deployment, address, send};
use crate::driver::Driver;
use crate::keys::{PEPPER, REVOCATION, made, made_by, revoking};

/// KV that never finishes a write, and one that throws.
const DEAF_KV: &str = r#"
export default () => ({ get: async () => null, put: () => new Promise(() => {}) });
"#;
const BROKEN_KV: &str = r#"
export default () => ({
  get: async () => { throw new Error("KV is on fire"); },
  put: async () => { throw new Error("KV is on fire"); },
});
"#;

fn gate() -> Deployment {
    let gate = Deployment::gate("gate").policy(&revoking("1s")).variable("PEPPER", PEPPER);
    gate.variable("REVOCATION", REVOCATION).reading()
}

fn started(driver: &Driver, workers: &[Deployment]) -> SocketAddr {
    let workers: Vec<Value> = workers.iter().cloned().map(Value::from).collect();
    address(&driver.start_workers(Value::Array(workers)).unwrap(), "gate")
}

fn status(gate: SocketAddr, key: &str) -> u16 {
    let question =
        [("x-forwarded-method", "GET"), ("x-forwarded-uri", "/orders/1"), ("x-api-key", key)];
    send(gate, "GET", "/authorize", &question).status
}

/// Returns KV's copy of a key, for which the copying alarm takes seconds.
fn copy_of(driver: &Driver, key: &str) -> Value {
    let id = key.split('_').nth(2).unwrap();
    for _ in 0..40 {
        let kept = driver
            .ask("kept", json!({ "worker": "control", "key": format!("api_key:{id}") }))
            .unwrap();
        if !kept.is_null() {
            return kept;
        }
        thread::sleep(Duration::from_millis(500));
    }
    Value::Null
}

#[test]
fn kv_can_be_bound_later_and_can_be_replaced() {
    let driver = Driver::start();
    let control = |keys: Value| gate().control(1).with("keys", keys);
    let at = started(&driver, &[gate(), control(Value::Null)]);
    let key = made(&driver);
    assert_eq!(status(at, &key), 200);
    for namespace in ["first", "second"] {
        let at = started(&driver, &[gate(), control(json!(namespace))]);
        assert_eq!(status(at, &key), 200, "{namespace}: {:?}", driver.logs());
        assert!(copy_of(&driver, &key).is_string(), "{namespace}: {:?}", driver.logs());
    }
}

#[test]
fn a_key_is_accepted_without_its_copy_in_kv() {
    let driver = Driver::start();
    for (seed, kv) in [(1, DEAF_KV), (2, BROKEN_KV)] {
        let kv = Deployment::of_script("kv", kv).standing_in();
        let control = gate().control(1).with("keys", Value::Null);
        let control = control.with("wrapped", json!({ "KEYS": { "scriptName": "kv" } }));
        let at = started(&driver, &[gate(), control, kv]);
        let key = made_by(&driver, "control", seed);
        assert_eq!(status(at, &key), 200, "{:?}", driver.logs());
    }
}
