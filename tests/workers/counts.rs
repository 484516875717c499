//! What a call costs: operations of KV and of the ledger, counted on their way.

use serde_json::{Value, json};

use crate::deployment::{Deployment, address, send};
use crate::driver::Driver;
use crate::keys::{PEPPER, POLICY, forged, made};

/// Stands before the stores, and counts. Asked over HTTP it tells the counts since it was last asked.
const COUNTING: &str = r#"
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";
let counts: Record<string, number> = {};
const count = (what: string) => { counts[what] = (counts[what] ?? 0) + 1; };
export class Ledger extends DurableObject<any> {
  fetch(request: Request) { count("ledger"); return this.env.REAL.getByName("ledger").fetch(request); }
}
export class Kv extends WorkerEntrypoint<any> {
  get(...args: any[]) { count("kv_read"); return this.env.KEYS.get(...args); }
}
export default { fetch() { const told = counts; counts = {}; return Response.json(told); } };
"#;

struct Counted {
    driver: Driver,
    gate: std::net::SocketAddr,
    counter: std::net::SocketAddr,
    key: String,
}

impl Counted {
    /// A gate that reads the ledger, or its copies in KV; the ledger itself is of the Worker `store`.
    fn start(by_copies: bool) -> Self {
        let driver = Driver::start();
        let worker = |name| Deployment::named(name).policy(POLICY).variable("PEPPER", PEPPER);
        let real = json!({ "REAL": { "className": "Ledger", "scriptName": "store", "useSQLite": true } });
        let counting =
            Deployment::of_script("counting", COUNTING).with("keys", json!("keys")).with("objects", real);
        let counting = counting.with("ledger", json!({ "useSQLite": false }));
        let store = worker("store").with("keys", json!("keys")).with("ledger", json!({}));
        let mut gate = worker("gate").with("ledger", json!({ "scriptName": "counting", "useSQLite": false }));
        if by_copies {
            gate = gate.with("services", json!({ "KEYS": { "name": "counting", "entrypoint": "Kv" } }));
        }
        let started =
            driver.start_workers(json!([Value::from(gate), Value::from(counting), Value::from(store)]));
        let started = started.unwrap();
        let key = made(&driver, "store");
        let (gate, counter) = (address(&started, "gate"), address(&started, "counting"));
        Self { driver, gate, counter, key }
    }

    /// Asks about a request with this key, and tells what that cost.
    fn cost(&self, key: &str, status: u16) -> Value {
        self.count();
        let headers = [("x-original-method", "GET"), ("x-original-uri", "/orders/1"), ("x-api-key", key)];
        let answer = send(self.gate, "GET", "/authorize", &headers);
        assert_eq!(answer.status, status, "{:?}", self.driver.logs());
        self.count()
    }

    fn count(&self) -> Value {
        serde_json::from_slice(&send(self.counter, "GET", "/", &[]).body).unwrap()
    }
}

#[test]
fn a_key_costs_one_read_the_first_time_and_none_after_that() {
    for (by_copies, read) in [(true, json!({ "kv_read": 1 })), (false, json!({ "ledger": 1 }))] {
        let counted = Counted::start(by_copies);
        let cold = counted.cost(&counted.key, 200);
        let warm: Vec<Value> = (0..5).map(|_| counted.cost(&counted.key, 200)).collect();
        println!("by copies: {by_copies}: cold {cold}, warm {warm:?}");
        assert_eq!(cold, read);
        assert!(warm.iter().all(|cost| *cost == json!({})), "{warm:?}");
    }
}

#[test]
fn a_forged_key_and_junk_cost_nothing() {
    let counted = Counted::start(true);
    for junk in [forged(&counted.key).as_str(), "acme_live_x", "junk", ""] {
        assert_eq!(counted.cost(junk, 401), json!({}), "{junk}");
    }
}
