//! Every gate refuses a credential that the control Worker revoked, and no request waits for another
//! client's.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use edge_auth_testkit::wire::exchange;
use serde_json::{Value, json};

use crate::deployment::{Deployment, address, call, send};
use crate::driver::Driver;
use crate::edge::arriving;
use crate::keys::{ADMIN, BOOTSTRAP, PEPPER, REVOCATION, made, revoking};

/// The time after which an awaited status counts as failed.
const PATIENCE: Duration = Duration::from_secs(60);

fn gate(name: &str, interval: &str) -> Deployment {
    let policy = format!("{}{ADMIN}", revoking(interval));
    let gate = Deployment::gate(name).policy(&policy).variable("PEPPER", PEPPER);
    gate.variable("REVOCATION", REVOCATION).reading()
}

fn status(of: SocketAddr, key: &str) -> u16 {
    let headers =
        [("x-forwarded-method", "GET"), ("x-forwarded-uri", "/orders/1"), ("x-api-key", key)];
    send(of, "GET", "/authorize", &headers).status
}

/// Repeats the request until its status is `wanted`.
fn wait_for(wanted: u16, of: SocketAddr, key: &str) {
    let since = Instant::now();
    while status(of, key) != wanted {
        assert!(since.elapsed() < PATIENCE, "the status never becomes {wanted}");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_key_revoked_by_the_control_worker_is_refused_by_every_gate() {
    let driver = Driver::start();
    let (first, second) = (gate("first", "2s"), gate("second", "2s"));
    let workers = [first.control(1), first, second].map(Value::from);
    let started = driver.start_workers(json!(workers)).unwrap();
    let gates = ["first", "second"].map(|name| address(&started, name));
    let key = made(&driver);
    assert_eq!(gates.map(|gate| status(gate, &key)), [200, 200], "{:?}", driver.logs());

    let id = key.split('_').nth(2).unwrap();
    let mut revoke = call("POST", "/admin/v1/revocations", &[("authorization", BOOTSTRAP)]);
    revoke.body =
        json!({ "kind": "api-key", "id": id, "reason": "a test" }).to_string().into_bytes();
    for gate in gates {
        let refused = exchange(gate, &arriving(&revoke)).unwrap();
        assert_eq!(refused.status, 404, "a gate does not administer");
    }
    let revoked = exchange(address(&started, "control"), &arriving(&revoke)).unwrap();
    assert_eq!(revoked.status, 201, "{}", String::from_utf8_lossy(&revoked.body));
    for gate in gates {
        wait_for(401, gate, &key);
    }
}

/// Does not answer the first request, and passes later ones on to the real ledger.
const SILENT_ONCE: &str = r#"
let asked = false;
export default {
  fetch(request: Request, env: any) {
    if (new URL(request.url).hostname !== "ledger") return Response.json(asked);
    if (!asked) { asked = true; return new Promise(() => setTimeout(() => {}, 60_000)); }
    return env.READER.fetch(request);
  },
};
"#;

#[test]
fn a_client_that_disconnects_during_a_read_of_the_feed_delays_no_other_client() {
    let driver = Driver::start();
    let silent = Deployment::of_script("silent", SILENT_ONCE).reading();
    let gate = gate("gate", "1h").service("READER", json!("silent"));
    let workers = [gate.control(1), gate, silent].map(Value::from);
    let started = driver.start_workers(json!(workers)).unwrap();
    let (gate, silent) = (address(&started, "gate"), address(&started, "silent"));
    let key = made(&driver);

    let mut leaving = TcpStream::connect(gate).unwrap();
    write!(
        leaving,
        "GET /authorize HTTP/1.1\r\nHost: api.example.com\r\nCF-Connecting-IP: 127.0.0.1\r\n\
         X-Forwarded-Method: GET\r\nX-Forwarded-Uri: /orders/1\r\nX-API-Key: {key}\r\n\r\n"
    )
    .unwrap();
    let since = Instant::now();
    while send(silent, "GET", "/", &[]).body != b"true" {
        assert!(since.elapsed() < PATIENCE, "the gate never asks the ledger");
    }
    drop(leaving);
    wait_for(200, gate, &key);
}
