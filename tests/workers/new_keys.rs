//! A new key works at once, even if a gate was asked about it before.

use serde_json::{Value, json};

use crate::deployment::{Deployment, address, send};
use crate::driver::Driver;
use crate::keys::{PEPPER, POLICY, REVOCATION, made, made_by, revoking};

#[test]
fn a_key_works_as_soon_as_it_is_created() {
    for policy in [POLICY.to_owned(), revoking("1h")] {
        let driver = Driver::start();
        let gate = Deployment::gate("gate")
            .policy(&policy)
            .variable("PEPPER", PEPPER)
            .variable("REVOCATION", REVOCATION)
            .reading();
        // The same key is created in another ledger first, so that the gate is asked about it while
        // it does not exist.
        let elsewhere = gate.control(2).with("name", json!("elsewhere"));
        let workers = [gate.control(1), gate, elsewhere].map(Value::from);
        let started = driver.start_workers(json!(workers)).unwrap();
        let status = |key: &str| {
            let question = [
                ("x-forwarded-method", "GET"),
                ("x-forwarded-uri", "/orders/1"),
                ("x-api-key", key),
            ];
            send(address(&started, "gate"), "GET", "/authorize", &question).status
        };
        let future = made_by(&driver, "elsewhere", 7);
        assert_eq!([status(&future), status(&future)], [401, 401], "{:?}", driver.logs());
        let key = made(&driver);
        assert_eq!(key, future);
        assert_eq!(status(&key), 200, "{:?}", driver.logs());
    }
}
