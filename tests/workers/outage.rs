//! While the control Worker is down, gates go on with what they know until the bound has passed, and
//! then close.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::deployment::{Deployment, address, send};
use crate::driver::Driver;
use crate::keys::{PEPPER, POLICY, REVOCATION, made};

/// Stands for the control Worker: passes everything on, and throws while it is down.
const SWITCH: &str = r#"
let down = false;
export default {
  fetch(request: Request, env: any) {
    const { hostname, pathname } = new URL(request.url);
    if (hostname !== "ledger") { down = pathname === "/down"; return new Response(); }
    if (down) throw new Error("control is down");
    return env.READER.fetch(request);
  },
};
"#;
/// The time after which an awaited status counts as failed.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_gate_without_control_goes_on_within_the_bound_and_then_closes() {
    let policy = format!(
        "{POLICY}\n[revocation]\nbound = \"10s\"\ninterval = \"1s\"\nsecret = \"REVOCATION\"\n"
    );
    let driver = Driver::start();
    let gate = Deployment::gate("gate")
        .policy(&policy)
        .variable("PEPPER", PEPPER)
        .variable("REVOCATION", REVOCATION)
        .service("READER", json!("switch"));
    let switch = Deployment::of_script("switch", SWITCH).reading();
    let workers = [gate.control(1), gate, switch].map(Value::from);
    let started = driver.start_workers(json!(workers)).unwrap();
    let (gate, switch) = (address(&started, "gate"), address(&started, "switch"));
    let key = made(&driver);
    let question =
        [("x-forwarded-method", "GET"), ("x-forwarded-uri", "/orders/1"), ("x-api-key", &key)];
    let status = || send(gate, "GET", "/authorize", &question).status;
    let wait_for = |wanted: u16| {
        let since = Instant::now();
        while status() != wanted {
            assert!(since.elapsed() < PATIENCE, "the status never becomes {wanted}");
            thread::sleep(Duration::from_millis(200));
        }
    };

    assert_eq!(status(), 200, "{:?}", driver.logs());
    send(switch, "GET", "/down", &[]);
    // The revocations are older than the interval by now, and cannot be read again.
    thread::sleep(Duration::from_millis(1500));
    assert_eq!(status(), 200, "within the bound: {:?}", driver.logs());
    driver.logs();
    wait_for(503);
    let logged = driver.logs_until(|log| log.text.contains("revocation_stale"), PATIENCE);
    let event = logged.last().and_then(|log| log.audit_event()).unwrap();
    assert_eq!(event["code"], "revocation_stale", "{event}");
    let public = [("x-forwarded-method", "GET"), ("x-forwarded-uri", "/public")];
    assert_eq!(send(gate, "GET", "/authorize", &public).status, 200, "a public rule needs no feed");
    send(switch, "GET", "/up", &[]);
    wait_for(200);
}
