//! Copies of keys in KV: a late or missing copy refuses no caller.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::deployment::{Deployment, address, send};
use crate::driver::Driver;
use crate::keys::{PEPPER, POLICY, made};

/// KV that never finishes a write.
const DEAF_KV: &str = r#"
export default () => ({ get: async () => null, put: () => new Promise(() => {}) });
"#;

fn gate() -> Deployment {
    Deployment::gate("gate").policy(POLICY).variable("PEPPER", PEPPER).reading()
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
    let without = |control: Deployment| control.with("keys", Value::Null);
    let at = started(&driver, &[gate(), without(gate().control(1))]);
    let key = made(&driver);
    assert_eq!(status(at, &key), 200);
    for namespace in ["first", "second"] {
        let with = |worker: Deployment| worker.with("keys", json!(namespace));
        let at = started(&driver, &[with(gate()), with(gate().control(1))]);
        assert_eq!(status(at, &key), 200, "{namespace}: {:?}", driver.logs());
        assert!(copy_of(&driver, &key).is_string(), "{namespace}: {:?}", driver.logs());
    }
}

#[test]
fn a_key_is_accepted_without_its_copy_in_kv() {
    let driver = Driver::start();
    let deaf = Deployment::of_script("kv", DEAF_KV).standing_in();
    let bound = |worker: Deployment| {
        worker.with("keys", Value::Null).with("wrapped", json!({ "KEYS": { "scriptName": "kv" } }))
    };
    let at = started(&driver, &[bound(gate()), bound(gate().control(1)), deaf]);
    let key = made(&driver);
    assert_eq!(status(at, &key), 200, "{:?}", driver.logs());
}
