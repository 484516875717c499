//! The cost of a call: counted operations of KV and of the ledger.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use edge_auth_testkit::wire::exchange;
use serde_json::{Value, json};

use crate::deployment::{Deployment, address, call, send};
use crate::driver::{Driver, Log};
use crate::edge::arriving;
use crate::keys::{ADMIN, BOOTSTRAP, PEPPER, POLICY, REVOCATION, forged, made, revoking};

/// Logs the kind of each request to the ledger and passes it on.
const LEDGER: &str = r#"
export default {
  async fetch(request: Request, env: any) {
    const body = await request.text();
    console.log("ledger:", /\w+/.exec(body)[0]);
    return env.READER.fetch(request.url, { method: "POST", body });
  },
};
"#;

/// Logs each read of KV and passes it on.
const KV: &str = r#"
export default ({ KEYS }: any) => ({
  get(name: string, options: any) { console.log("kv:", name.split(":")[0]); return KEYS.get(name, options); },
  put: (...args: any[]) => KEYS.put(...args),
  delete: (name: string) => KEYS.delete(name),
  list: (options: any) => KEYS.list(options),
  getWithMetadata: (...args: any[]) => KEYS.getWithMetadata(...args),
});
"#;

struct Counted {
    driver: Driver,
    gate: SocketAddr,
    control: SocketAddr,
    key: String,
}

impl Counted {
    /// Starts a gate, and the control Worker with KV or without.
    fn start(policy: &str, by_copies: bool) -> Self {
        let driver = Driver::start();
        let counting = Deployment::of_script("counting", LEDGER).reading();
        let gate = Deployment::gate("gate")
            .policy(&format!("{policy}{ADMIN}"))
            .variable("PEPPER", PEPPER)
            .variable("REVOCATION", REVOCATION)
            .service("READER", json!("counting"));
        let mut control = gate.control(1).with("keys", Value::Null);
        let mut workers = vec![gate.into(), Value::from(counting)];
        if by_copies {
            control = control.with("wrapped", json!({ "KEYS": "kv" }));
            workers.push(Deployment::of_script("kv", KV).standing_in().keys(1).into());
        }
        workers.push(control.into());
        let started = driver.start_workers(Value::Array(workers)).unwrap();
        let key = made(&driver);
        driver.logs();
        let [gate, control] = ["gate", "control"].map(|name| address(&started, name));
        Self { gate, control, driver, key }
    }

    /// Has the control Worker compact its log.
    fn compact(&self) {
        let compact =
            call("POST", "/admin/v1/revocations/compact", &[("authorization", BOOTSTRAP)]);
        let compacted = exchange(self.control, &arriving(&compact)).unwrap();
        assert_eq!(compacted.status, 200, "{}", String::from_utf8_lossy(&compacted.body));
        let is_done = |log: &Log| log.text.contains("revocations.compact");
        self.driver.logs_until(is_done, Duration::from_secs(5));
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
    let with_feed = revoking("1h");
    let find = "ledger: find";
    // Without a feed, nothing says that a copy is old, so none is read.
    for (policy, by_copies, reads) in [
        (POLICY, true, vec![find]),
        (POLICY, false, vec![find]),
        (&with_feed, true, vec!["ledger: snapshot", "ledger: since", find, "kv: api_key"]),
    ] {
        let counted = Counted::start(policy, by_copies);
        let cold = counted.cost(&counted.key, true);
        let warm: Vec<_> = (0..5).flat_map(|_| counted.cost(&counted.key, true)).collect();
        println!("cold: {cold:?}, five warm calls: {warm:?}");
        assert_eq!(cold, reads);
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
    assert_eq!(first, ["ledger: snapshot", "ledger: since", "ledger: find"]);
    for _ in 0..5 {
        assert!(counted.cost(&counted.key, true).is_empty());
    }
}

#[test]
fn an_idle_instance_reads_nothing_until_its_next_answer() {
    let counted = Counted::start(&revoking("2s"), false);
    counted.cost(&counted.key, true);
    // An answer may leave a read for later, which is not an idle instance's.
    thread::sleep(Duration::from_secs(2));
    counted.driver.logs();
    thread::sleep(Duration::from_secs(5));
    let idle: Vec<_> = counted.driver.logs().into_iter().map(|log| log.text).collect();
    assert!(idle.is_empty(), "reads without a request: {idle:?}");
    assert_eq!(counted.cost(&counted.key, true), ["ledger: since"]);
}

#[test]
fn what_never_changes_comes_from_kv() {
    let counted = Counted::start(&revoking("1h"), true);
    let mut revoke = call("POST", "/admin/v1/revocations", &[("authorization", BOOTSTRAP)]);
    revoke.body = json!({
        "kind": "certificate", "fingerprint": "ab".repeat(32), "reason": "a test",
    })
    .to_string()
    .into_bytes();
    let revoked = exchange(counted.control, &arriving(&revoke)).unwrap();
    assert_eq!(revoked.status, 201, "{}", String::from_utf8_lossy(&revoked.body));
    counted.compact();
    assert_eq!(
        counted.cost(&counted.key, true),
        [
            "ledger: snapshot",
            "ledger: part",
            "kv: snapshot",
            "ledger: since",
            "ledger: find",
            "kv: api_key"
        ]
    );
}
