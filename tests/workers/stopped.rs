//! A wasm instance that traps fails only its own requests. The next request gets a new instance.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::deployment::{Deployment, address, send};
use crate::driver::Driver;
use crate::keys::{PEPPER, POLICY, made};

/// A wrapper of the Worker that traps in wasm like a Rust panic when a request asks for it.
/// `Date.now` runs at the beginning of a request, and `clearTimeout` when a store has answered.
const AROUND: &str = r#"
import gate from "./src/index.js";
export * from "./src/index.js";
let stops;
function trap(object, name, when) {
  const real = object[name];
  object[name] = (...args) => {
    if (stops !== when) return real(...args);
    stops = undefined;
    throw new WebAssembly.RuntimeError("unreachable");
  };
}
trap(Date, "now", "at once");
trap(globalThis, "clearTimeout", "later");
export default {
  fetch(request, env, ctx) {
    stops = request.headers.get("x-stop") ?? stops;
    return gate.fetch(request, env, ctx);
  },
};
"#;

struct Gate {
    driver: Driver,
    at: SocketAddr,
    key: String,
}

impl Gate {
    /// Starts a gate that reads keys from the ledger.
    fn start() -> Self {
        let driver = Driver::start();
        let gate = Deployment::gate("gate").policy(POLICY).variable("PEPPER", PEPPER).reading();
        let control = gate.control(1);
        let workers = [gate.with("around", json!(AROUND)), control].map(Value::from);
        let started = driver.start_workers(json!(workers)).unwrap();
        let key = made(&driver);
        Self { at: address(&started, "gate"), driver, key }
    }

    /// Asks with the key. `stop` selects when the instance traps.
    fn ask(&self, stop: Option<&str>) -> u16 {
        let mut fields = vec![
            ("x-forwarded-method", "GET"),
            ("x-forwarded-uri", "/orders/1"),
            ("x-api-key", &self.key),
        ];
        fields.extend(stop.map(|when| ("x-stop", when)));
        send(self.at, "GET", "/authorize", &fields).status
    }

    fn is_whole(&self) {
        for length in 0..20 {
            // Strings of different lengths lie in different places of the memory.
            let target = format!("/healthz?{}", "x".repeat(length * 100));
            assert_eq!(send(self.at, "GET", &target, &[]).status, 200, "{:?}", self.driver.logs());
        }
        assert_eq!(self.ask(None), 200, "{:?}", self.driver.logs());
    }
}

#[test]
fn an_instance_that_traps_immediately_refuses_and_is_replaced() {
    let gate = Gate::start();
    for _ in 0..3 {
        assert_eq!(gate.ask(Some("at once")), 503, "{:?}", gate.driver.logs());
        gate.is_whole();
    }
}

#[test]
fn an_instance_that_traps_later_delays_no_other_request() {
    let gate = Gate::start();
    thread::scope(|scope| {
        let stopped = scope.spawn(|| gate.ask(Some("later")));
        // The ledger has answered by then.
        thread::sleep(Duration::from_secs(1));
        gate.is_whole();
        assert_eq!(stopped.join().unwrap(), 503, "{:?}", gate.driver.logs());
    });
}
