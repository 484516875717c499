//! API keys in DynamoDB: the number of calls, and the answers while it fails.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is a failed test"
)]

#[path = "../common/mod.rs"]
mod common;
mod table;

use edge_auth_testkit::iam;
use edge_auth_testkit::wire::Function;
use serde_json::json;

use table::Table;

const ARN: &str = "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/GET/orders/42";

fn event(key: &str) -> Vec<u8> {
    let event =
        json!({ "type": "TOKEN", "methodArn": ARN, "authorizationToken": format!("ApiKey {key}") });
    event.to_string().into_bytes()
}

fn is_allowed(function: &Function, key: &str) -> bool {
    let answer = function.invoke(event(key)).unwrap().unwrap();
    iam::allows(&serde_json::from_slice(&answer).unwrap(), ARN)
}

#[test]
fn a_key_that_was_read_recently_costs_no_call() {
    let table = Table::new();
    let (function, _files) = table.function();
    assert!(is_allowed(&function, &table.key));
    assert!(table.asked() >= 1);
    assert!(is_allowed(&function, &table.key) && is_allowed(&function, &table.key));
    assert_eq!(table.asked(), 0);
}

#[test]
fn a_forged_key_costs_no_call() {
    let table = Table::new();
    let (function, _files) = table.function();
    let forged = table.key.replacen(|c: char| c.is_ascii_digit(), "x", 1);
    assert_ne!(forged, table.key);
    assert_eq!(
        function.invoke(event(&forged)).unwrap().unwrap_err()["errorMessage"],
        "Unauthorized"
    );
    assert_eq!(table.asked(), 0);
}

#[test]
fn a_failing_store_raises_an_error_and_logs_its_code() {
    let table = Table::new();
    for status in [400, 500] {
        let (mut function, _files) = table.function();
        table.answers_instead(status);
        let error = function.invoke(event(&table.key)).unwrap().unwrap_err();
        assert_eq!(error["errorMessage"], "The gate cannot decide at the moment.", "{status}");
        assert_eq!(function.audit().unwrap()["code"], "store_unavailable", "{status}");
        table.answers_again();
        assert!(is_allowed(&function, &table.key), "{status}: it is asked again");
    }
}

#[test]
fn an_unreachable_store_raises_an_error() {
    let table = Table::new();
    let (function, _files) = table.function();
    let key = table.close();
    let error = function.invoke(event(&key)).unwrap().unwrap_err();
    assert_eq!(error["errorType"], "Unavailable");
}
