//! The example of the README: a Worker of the same account that asks over a service binding.

use serde_json::{Value, json};

use crate::deployment::{Deployment, address, send};
use crate::driver::Driver;
use crate::keys::{PEPPER, POLICY, made};

const CONSUMER: &str = include_str!("../../cloudflare/examples/consumer/src/index.ts");

#[test]
fn only_a_bound_worker_is_answered_without_a_secret() {
    let driver = Driver::start();
    let gate = Deployment::gate("edge-auth").policy(POLICY).variable("PEPPER", PEPPER).reading();
    let control = gate.control(1);
    let bound = json!({ "AUTH": { "name": "edge-auth", "entrypoint": "Authorizer" } });
    let consumer = Deployment::of_script("consumer", CONSUMER).with("services", bound);
    let workers = [gate, control, consumer].map(Value::from);
    let started = driver.start_workers(json!(workers)).unwrap();
    let (gate, consumer) = (address(&started, "edge-auth"), address(&started, "consumer"));
    let key = made(&driver);

    let allowed =
        send(consumer, "GET", "/orders/1", &[("x-api-key", &key), ("x-auth-principal", "root")]);
    let body = String::from_utf8_lossy(&allowed.body).into_owned();
    assert_eq!(allowed.status, 200, "{body} {:?}", driver.logs());
    assert!(body.contains("key:partners:"), "{body}");
    let refused = send(consumer, "GET", "/orders/1", &[]);
    assert_eq!(refused.status, 401);
    assert!(refused.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("www-authenticate")));
    assert_eq!(send(consumer, "GET", "/nowhere", &[("x-api-key", &key)]).status, 403);

    // The same request from the internet.
    let mut asked =
        crate::deployment::call("POST", "/v1/verify", &[("cf-connecting-ip", "127.0.0.1")]);
    asked.body = br#"{"method":"GET","target":"/public"}"#.to_vec();
    asked.from = "203.0.113.9".parse().unwrap();
    let answer = edge_auth_testkit::wire::exchange(gate, &crate::edge::arriving(&asked)).unwrap();
    assert_eq!(answer.status, 403, "{}", String::from_utf8_lossy(&answer.body));
}
