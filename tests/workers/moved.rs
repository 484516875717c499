//! A deployment of the version that was one Worker moves its object to the control Worker.
//!
//! Cloudflare carries out a transfer migration by giving the storage of one class to another one,
//! in another Worker. Miniflare has no migrations: here, both classes have the same unique key,
//! which is what storage belongs to in workerd.

use serde_json::{Value, json};

use crate::deployment::{Deployment, address, call, send};
use crate::driver::Driver;
use crate::edge::arriving;
use crate::keys::{ADMIN, BOOTSTRAP, PEPPER, REVOCATION, made_by, revoking};

/// The unique key of the class `Ledger` of the Worker `edge-auth`.
const STORAGE: &str = "edge-auth-Ledger";

fn set_up(worker: Deployment) -> Deployment {
    let policy = format!("{}{ADMIN}", revoking("2s"));
    let worker = worker.policy(&policy).variable("PEPPER", PEPPER);
    worker.variable("REVOCATION", REVOCATION).keys(1)
}

fn owning(worker: Deployment) -> Value {
    worker.with("ledger", json!({ "unsafeUniqueKey": STORAGE })).into()
}

#[test]
fn the_object_of_one_worker_moves_to_the_control_worker_with_its_keys_and_revocations() {
    let driver = Driver::start();
    let before = set_up(Deployment::built("edge-auth", "control"));
    let started = driver.start_workers(json!([owning(before)])).unwrap();
    let keys = [1, 2].map(|seed| made_by(&driver, "edge-auth", seed));
    let id = keys[1].split('_').nth(2).unwrap();
    let mut revoke = call("POST", "/admin/v1/revocations", &[("authorization", BOOTSTRAP)]);
    revoke.body =
        json!({ "kind": "api-key", "id": id, "reason": "a test" }).to_string().into_bytes();
    let revoked =
        edge_auth_testkit::wire::exchange(address(&started, "edge-auth"), &arriving(&revoke));
    assert_eq!(revoked.unwrap().status, 201);

    let gate = set_up(Deployment::gate("edge-auth")).reading();
    let control = set_up(Deployment::built("control", "control"));
    let started = driver.start_workers(json!([Value::from(gate), owning(control)])).unwrap();
    let status = |key: &str| {
        let question =
            [("x-forwarded-method", "GET"), ("x-forwarded-uri", "/orders/1"), ("x-api-key", key)];
        send(address(&started, "edge-auth"), "GET", "/authorize", &question).status
    };
    assert_eq!([status(&keys[0]), status(&keys[1])], [200, 401], "{:?}", driver.logs());
    let listed = send(
        address(&started, "control"),
        "GET",
        "/admin/v1/keys",
        &[("authorization", BOOTSTRAP)],
    );
    let listed: Value = serde_json::from_slice(&listed.body).unwrap();
    assert_eq!(listed["keys"].as_array().map(Vec::len), Some(2), "{listed}");
}
