//! A store whose single answers are in time, but too slow together.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use edge_auth_testkit::scenario::SeenRequest;
use edge_auth_testkit::wire::{Response, Server};
use serde_json::json;

use super::*;

/// The delay of an answer: less than the deadline of a call, and four are more than that of an
/// event.
const DELAY: Duration = Duration::from_millis(600);

/// Longer than the pause of the feed after a failed read, which is a second.
const BACK_OFF: Duration = Duration::from_millis(1100);

const KEYS: &str = r#"
[[api_key]]
name = "old"
imported = { hash = "sha256" }
pepper = "PEPPER"

[[api_key]]
name = "older"
imported = { hash = "sha512" }
pepper = "PEPPER"

[[rule]]
path = "/v1/old"
require = { any = ["key:old", "key:older"] }

[revocation]
secret = "FEED"
"#;

fn slow() -> (Running, Server) {
    let is_first = AtomicBool::new(true);
    let answer = move |asked: SeenRequest| {
        // The event reads the feed, not the start.
        if is_first.swap(false, Ordering::Relaxed) {
            let body =
                json!({ "__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException" });
            return Response {
                status: 400,
                headers: Vec::new(),
                body: body.to_string().into_bytes(),
            };
        }
        std::thread::sleep(DELAY);
        let is_query = asked.headers.iter().any(|(_, value)| value.ends_with(".Query"));
        let body = if is_query { json!({ "Items": [], "Count": 0 }) } else { json!({}) };
        Response { status: 200, headers: Vec::new(), body: body.to_string().into_bytes() }
    };
    let store = Server::start(answer).unwrap();
    let url = store.url();
    let environment = [
        ("HMAC", SECRET),
        ("PEPPER", "a pepper of at least thirty-two bytes"),
        ("FEED", "a secret of the feed of at least thirty-two bytes"),
        ("EDGE_AUTH_STORE", "dynamodb:keys"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "a"),
        ("AWS_SECRET_ACCESS_KEY", "b"),
        ("AWS_ENDPOINT_URL_DYNAMODB", &url),
    ];
    let running = Running::with(&format!("{POLICY}{KEYS}"), &environment);
    std::thread::sleep(BACK_OFF);
    (running, store)
}

#[test]
fn an_event_is_refused_when_the_store_takes_too_long() {
    let (mut running, _store) = slow();
    let event = json!({
        "type": "TOKEN", "methodArn": format!("{STAGE}GET/v1/old"),
        "authorizationToken": "ApiKey a-key-that-no-store-knows",
    });
    let error = running.error(event.to_string().as_bytes());
    assert_eq!(error["errorMessage"], "The gate cannot decide at the moment.");
    let audit = running.function.audit().unwrap();
    assert_eq!((&audit["allowed"], &audit["code"]), (&json!(false), &json!("store_unavailable")));
    assert!(audit["reason"].as_str().unwrap().contains("/v1/old"), "{audit}");
}

#[test]
fn an_http_event_gets_a_503_when_the_store_takes_too_long() {
    let (mut running, _store) = slow();
    let event = json!({
        "requestContext": { "elb": {} }, "httpMethod": "GET", "path": "/authorize",
        "headers": {
            "x-forwarded-method": "GET", "x-forwarded-uri": "/v1/old", "x-api-key": "a-key-that-no-store-knows",
        },
    });
    assert_eq!(running.answer(&event)["statusCode"], 503);
    assert_eq!(running.function.audit().unwrap()["code"], "store_unavailable");
}
