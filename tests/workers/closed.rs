//! A missing or failing part closes the gate, is named in the log, and delays no other request.

use std::time::Duration;

use serde_json::{Value, json};

use crate::deployment::{Deployment, address, compile, send};
use crate::driver::Driver;
use crate::keys::{PEPPER, POLICY, REVOCATION, made, revoking};

/// A ledger that throws, and one that never answers.
const BROKEN: &str = r#"
import { WorkerEntrypoint } from "cloudflare:workers";
export class Throwing extends WorkerEntrypoint { fetch() { throw new Error("the disk is on fire"); } }
export class Silent extends WorkerEntrypoint { fetch() { return new Promise(() => setTimeout(() => {}, 60_000)); } }
export default { fetch: () => new Response("reached") };
"#;
const PATIENCE: Duration = Duration::from_secs(5);

fn origin() -> Deployment {
    Deployment::of_script("origin", BROKEN)
}

/// Returns a gateway with everything that it needs. Its origin answers `reached`.
fn gate() -> Deployment {
    Deployment::gate("gate")
        .policy(POLICY)
        .variable("PEPPER", PEPPER)
        .variable("UPSTREAM", "http://origin.example")
        .service("ORIGIN", json!("origin"))
        .reading()
}

#[test]
fn a_misconfigured_worker_refuses_everything_and_logs_what_is_missing() {
    let driver = Driver::start();
    let without_policy = gate().with("files", json!({}));
    let policy = compile(POLICY).unwrap();
    let cut_short = policy[..policy.len() - 1].to_vec();
    let of_another_version =
        [b"edge-auth policy 99", &policy["edge-auth policy 1".len()..]].concat();
    let without_pepper = gate().variable("PEPPER", "");
    let without_store = gate().service("READER", Value::Null);
    let without_feed = gate()
        .policy(&revoking("2s"))
        .variable("REVOCATION", REVOCATION)
        .service("READER", Value::Null);
    let cases = [
        (without_feed, "revocation feed, so a store is needed: bind the entrypoint Reader"),
        (gate().policy(&revoking("2s")), "REVOCATION"),
        (without_policy, "does not name policy.bin"),
        (gate().compiled(&cut_short), "policy.bin is damaged: it is cut short"),
        (gate().compiled(&of_another_version), "is a compiled policy of version 99"),
        (gate().compiled(POLICY.as_bytes()), "policy.bin is not a compiled policy"),
        (gate().compiled(&cut_short), "Build it again: `edge-auth policy build policy.toml`"),
        (gate().policy("[forward_auth]\nproxy = \"envoy\"\n"), "Envoy"),
        (without_pepper, "PEPPER"),
        (without_store, "READER"),
        (gate().variable("UPSTREAM", "origin.example"), "UPSTREAM"),
        (gate().variable("UPSTREAM", "https://origin.example/base"), "UPSTREAM"),
        (gate().variable("UPSTREAM", "https://origin.example//"), "UPSTREAM"),
        (gate().variable("UPSTREAM", ""), "UPSTREAM"),
    ];
    for (deployment, named) in cases {
        let workers = [deployment, gate().control(1), origin()].map(Value::from);
        let started = driver.start_workers(json!(workers)).unwrap();
        let gate = address(&started, "gate");
        for target in ["/public", "/orders/1", "/healthz", "/authorize", "/v1/verify"] {
            let answer = send(gate, "GET", target, &[]);
            assert_eq!(answer.status, 503, "{named}: {target}");
            assert!(!String::from_utf8_lossy(&answer.body).contains("reached"));
            let says = driver.logs_until(|log| log.text.contains(named), PATIENCE);
            assert!(says.last().is_some_and(|log| log.text.contains(named)), "{named}: {says:?}");
        }
    }
}

/// Returns the binding of an entrypoint of `BROKEN`.
fn broken(entrypoint: &str) -> Value {
    json!({ "name": "origin", "entrypoint": entrypoint })
}

#[test]
fn a_failing_or_silent_store_refuses_only_requests_with_keys() {
    let driver = Driver::start();
    // Creates the key in stores that work.
    let whole = [gate(), gate().control(1), origin()].map(Value::from);
    driver.start_workers(json!(whole)).unwrap();
    let key = made(&driver);
    let cases = [
        (gate().service("READER", broken("Throwing")), "the ledger: "),
        (gate().service("READER", broken("Silent")), "the ledger: no answer"),
    ];
    for (deployment, store) in cases {
        let workers = [deployment, gate().control(1), origin()].map(Value::from);
        let started = driver.start_workers(json!(workers)).unwrap();
        let gate = address(&started, "gate");
        let headers = [("x-api-key", key.as_str())];
        // The test's client times out after twenty seconds. The gate answers before, even if the
        // store does not.
        let refused = send(gate, "GET", "/orders/1", &headers);
        assert_eq!(refused.status, 503, "{store}: {:?}", driver.logs());
        let logged = driver.logs_until(|log| log.audit_event().is_some(), PATIENCE);
        let event = logged.last().and_then(|log| log.audit_event()).unwrap();
        assert_eq!(event["code"], "store_unavailable", "{event}");
        assert!(event["reason"].as_str().unwrap().contains(store), "{event}");
        assert_eq!(send(gate, "GET", "/public", &[]).body, b"reached");
        driver.logs_until(|log| log.audit_event().is_some(), PATIENCE);
    }
}

#[test]
fn an_unreadable_feed_refuses_all_but_public_requests() {
    let driver = Driver::start();
    let whole = [gate(), gate().control(1), origin()].map(Value::from);
    driver.start_workers(json!(whole)).unwrap();
    let key = made(&driver);
    for entrypoint in ["Throwing", "Silent"] {
        let gate = gate()
            .policy(&revoking("2s"))
            .variable("REVOCATION", REVOCATION)
            .service("READER", broken(entrypoint));
        let started =
            driver.start_workers(json!([Value::from(gate), Value::from(origin())])).unwrap();
        let gate = address(&started, "gate");
        assert_eq!(
            send(gate, "GET", "/orders/1", &[("x-api-key", &key)]).status,
            503,
            "{entrypoint}"
        );
        let logged = driver.logs_until(|log| log.audit_event().is_some(), PATIENCE);
        let event = logged.last().and_then(|log| log.audit_event()).unwrap();
        assert_eq!(event["code"], "revocation_stale", "{event}");
        assert!(event["reason"].as_str().unwrap().contains("ledger"), "{event}");
        assert_eq!(send(gate, "GET", "/public", &[]).body, b"reached");
        driver.logs_until(|log| log.audit_event().is_some(), PATIENCE);
    }
}
