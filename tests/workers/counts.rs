//! The cost of a call: counted operations of KV and of the ledger.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::deployment::{Deployment, address, send};
use crate::driver::Driver;
use crate::keys::{PEPPER, POLICY, REVOCATION, forged, made, revoking};

/// Logs each request to the ledger and passes it on.
const LEDGER: &str = r#"
export default {
  fetch(request: Request, env: any) { console.log("ledger"); return env.READER.fetch(request); },
};
"#;

/// Logs each read of KV and passes it on.
const KV: &str = r#"
export default ({ KEYS }: any) => ({
  get(...args: any[]) { console.log("kv read"); return KEYS.get(...args); },
});
"#;

struct Counted {
    driver: Driver,
    gate: SocketAddr,
    key: String,
}

impl Counted {
    /// Starts a gate that reads the ledger, or its copies in KV.
    fn start(policy: &str, by_copies: bool) -> Self {
        let driver = Driver::start();
        let counting = Deployment::of_script("counting", LEDGER).reading();
        let mut gate = Deployment::gate("gate")
            .policy(policy)
            .variable("PEPPER", PEPPER)
            .variable("REVOCATION", REVOCATION)
            .service("READER", json!("counting"));
        let mut workers = vec![Value::from(counting), Value::from(gate.control(1))];
        if by_copies {
            let wrapped = json!({ "KEYS": "kv" });
            gate = gate.with("wrapped", wrapped);
            workers.push(Deployment::of_script("kv", KV).standing_in().keys(1).into());
        }
        workers.insert(0, gate.into());
        let started = driver.start_workers(Value::Array(workers)).unwrap();
        let key = made(&driver);
        driver.logs();
        Self { gate: address(&started, "gate"), driver, key }
    }

    /// Asks about a request with this key and returns the logged operations.
    fn cost(&self, key: &str, allowed: bool) -> Vec<String> {
        let headers =
            [("x-forwarded-method", "GET"), ("x-forwarded-uri", "/orders/1"), ("x-api-key", key)];
        let answer = send(self.gate, "GET", "/authorize", &headers);
        let logs =
            self.driver.logs_until(|log| log.audit_event().is_some(), Duration::from_secs(5));
        assert_eq!(answer.status == 200, allowed, "{logs:?}");
        logs.into_iter()
            .filter(|log| log.level == "log" && log.audit_event().is_none())
            .map(|log| log.text)
            .collect()
    }
}

#[test]
fn a_key_takes_one_read_the_first_time_and_none_after_that() {
    for (by_copies, read) in [(true, "kv read"), (false, "ledger")] {
        let counted = Counted::start(POLICY, by_copies);
        let cold = counted.cost(&counted.key, true);
        let warm: Vec<_> = (0..5).flat_map(|_| counted.cost(&counted.key, true)).collect();
        println!("cold: {cold:?}, five warm calls: {warm:?}");
        assert_eq!(cold, [read]);
        assert!(warm.is_empty(), "{warm:?}");
    }
}

#[test]
fn a_forged_key_and_junk_cost_nothing() {
    let counted = Counted::start(POLICY, true);
    for junk in [forged(&counted.key).as_str(), "acme_live_x", "junk", ""] {
        assert!(counted.cost(junk, false).is_empty(), "{junk}");
    }
}

#[test]
fn the_feed_is_read_before_the_first_answer_and_then_only_when_due() {
    let counted = Counted::start(&revoking("1h"), false);
    let first = counted.cost(&counted.key, true);
    assert_eq!(first, ["ledger"; 3], "the newest snapshot, the log, and the key's record");
    for _ in 0..5 {
        assert!(counted.cost(&counted.key, true).is_empty());
    }
}

#[test]
fn an_idle_instance_reads_nothing_until_its_next_answer() {
    let counted = Counted::start(&revoking("2s"), false);
    counted.cost(&counted.key, true);
    thread::sleep(Duration::from_secs(5));
    let idle: Vec<_> = counted.driver.logs().into_iter().map(|log| log.text).collect();
    assert!(idle.is_empty(), "reads without a request: {idle:?}");
    assert_eq!(counted.cost(&counted.key, true), ["ledger"]);
}
