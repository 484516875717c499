//! Every instance refuses a credential that was revoked at one of them, and no request waits for
//! another client's.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::deployment::{Deployment, address, call, send};
use crate::driver::Driver;
use crate::edge::arriving;
use crate::keys::{PEPPER, REVOCATION, made, revoking};

const ADMIN: &str = r#"
[admin]
bootstrap_hash = "sha256:bada3b8d3eed2e9a14c520f9dc56d8d7cab6e2db46734c2d20027b76ec099191"
"#;
const BOOTSTRAP: &str = "Bearer edge-auth-admin_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
/// The time after which an awaited status counts as failed.
const PATIENCE: Duration = Duration::from_secs(60);

fn gate(name: &str, interval: &str) -> Deployment {
    let policy = format!("{}{ADMIN}", revoking(interval));
    let gate = Deployment::named(name).policy(&policy).variable("PEPPER", PEPPER);
    gate.variable("REVOCATION", REVOCATION)
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
fn a_key_revoked_at_one_instance_is_refused_by_the_other() {
    let driver = Driver::start();
    let first = gate("first", "2s").stores(1);
    let second = gate("second", "2s").stores_of("first", 1);
    let started = driver.start_workers(json!([Value::from(first), Value::from(second)])).unwrap();
    let (first, second) = (address(&started, "first"), address(&started, "second"));
    let key = made(&driver, "first");
    assert_eq!([status(first, &key), status(second, &key)], [200, 200], "{:?}", driver.logs());

    let id = key.split('_').nth(2).unwrap();
    let mut revoke = call("POST", "/admin/v1/revocations", &[("authorization", BOOTSTRAP)]);
    revoke.body =
        json!({ "kind": "api-key", "id": id, "reason": "a test" }).to_string().into_bytes();
    let revoked = edge_auth_testkit::wire::exchange(first, &arriving(&revoke)).unwrap();
    assert_eq!(revoked.status, 201, "{}", String::from_utf8_lossy(&revoked.body));
    assert_eq!(status(first, &key), 401, "the revoking instance refuses immediately");
    wait_for(401, second, &key);
}

/// Does not answer the first request, and passes later ones on to the real ledger.
const SILENT_ONCE: &str = r#"
import { DurableObject } from "cloudflare:workers";
let asked = false;
export class Ledger extends DurableObject<any> {
  fetch(request: Request) {
    if (!asked) { asked = true; return new Promise(() => setTimeout(() => {}, 60_000)); }
    return this.env.REAL.getByName("ledger").fetch(request);
  }
}
export default { fetch: () => Response.json(asked) };
"#;

#[test]
fn a_client_that_disconnects_during_a_read_of_the_feed_delays_no_other_client() {
    let driver = Driver::start();
    let real =
        json!({ "REAL": { "className": "Ledger", "scriptName": "store", "useSQLite": true } });
    let silent = Deployment::of_script("silent", SILENT_ONCE).with("objects", real);
    let silent = silent.with("ledger", json!({ "useSQLite": false }));
    let store = gate("store", "1h").with("ledger", json!({}));
    let gate =
        gate("gate", "1h").with("ledger", json!({ "scriptName": "silent", "useSQLite": false }));
    let workers = json!([Value::from(gate), Value::from(silent), Value::from(store)]);
    let started = driver.start_workers(workers).unwrap();
    let (gate, silent) = (address(&started, "gate"), address(&started, "silent"));
    let key = made(&driver, "store");

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
