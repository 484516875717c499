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
    Deployment::named("gate").policy(POLICY).variable("PEPPER", PEPPER).stores(1)
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
            .ask("kept", json!({ "worker": "gate", "key": format!("api_key:{id}") }))
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
    let without = gate().with("keys", Value::Null);
    let at = started(&driver, std::slice::from_ref(&without));
    let key = made(&driver, "gate");
    assert_eq!(status(at, &key), 200);
    for namespace in ["first", "second"] {
        let with = gate().with("keys", json!(namespace));
        let at = started(&driver, &[with]);
        assert_eq!(status(at, &key), 200, "{namespace}: {:?}", driver.logs());
        assert!(copy_of(&driver, &key).is_string(), "{namespace}: {:?}", driver.logs());
    }
}

#[test]
fn a_key_is_accepted_without_its_copy_in_kv() {
    let driver = Driver::start();
    let deaf = Deployment::of_script("kv", DEAF_KV).standing_in();
    let gate =
        gate().with("keys", Value::Null).with("wrapped", json!({ "KEYS": { "scriptName": "kv" } }));
    let at = started(&driver, &[gate, deaf]);
    let key = made(&driver, "gate");
    assert_eq!(status(at, &key), 200, "{:?}", driver.logs());
}
