//! API keys in DynamoDB: how often it is asked, and what happens while it does not answer.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is a failed test")]

#[path = "../common/mod.rs"]
mod common;

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
use edge_auth::admin::{bootstrap_hash, bootstrap_secret};
use edge_auth_dynamodb::{DynamoDbStore, TableName};
use edge_auth_testkit::dynamodb_local::DynamoDbLocal;
use edge_auth_testkit::iam;
use edge_auth_testkit::randomness::SeededRandomness;
use edge_auth_testkit::scenario::{Call, SeenRequest, source::Face};
use edge_auth_testkit::wire::{Function, Response, Server, exchange};
use serde_json::{Value, json};

use common::Deployed;

const ARN: &str = "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/GET/orders/42";

/// DynamoDB with a table, behind a server that passes everything on until it is told a status to answer
/// instead.
struct Table {
    relay: Server,
    instead: Arc<AtomicU16>,
    asked: Arc<AtomicU16>,
    _dynamodb: DynamoDbLocal,
}

impl Table {
    fn new() -> Self {
        let dynamodb = DynamoDbLocal::start().unwrap();
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::new("AKIATEST", "SECRET0SECRET0SECRET", None, None, "tests"))
            .endpoint_url(dynamodb.endpoint());
        let patient = std::time::Duration::from_secs(60);
        let store = DynamoDbStore::connect(config, TableName::parse("edge-auth").unwrap(), patient);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(store.init()).unwrap();
        let (instead, asked) = (Arc::new(AtomicU16::new(0)), Arc::new(AtomicU16::new(0)));
        let (told, counted, to) = (Arc::clone(&instead), Arc::clone(&asked), dynamodb.address());
        let relay = Server::start(move |request| {
            counted.fetch_add(1, Ordering::AcqRel);
            match told.load(Ordering::Acquire) {
                0 => exchange(to, &passed_on(request)).unwrap(),
                status => Response { status, headers: Vec::new(), body: THROTTLED.as_bytes().to_vec() },
            }
        });
        Self { relay: relay.unwrap(), instead, asked, _dynamodb: dynamodb }
    }

    fn asked(&self) -> u16 {
        self.asked.swap(0, Ordering::AcqRel)
    }

    fn environ(&self, command: &mut Command) {
        command
            .env("EDGE_AUTH_STORE", "dynamodb:edge-auth")
            .env("AWS_ENDPOINT_URL_DYNAMODB", self.relay.url());
        command.env("AWS_REGION", "eu-west-1").env("AWS_ACCESS_KEY_ID", "AKIATEST");
        command.env("AWS_SECRET_ACCESS_KEY", "SECRET0SECRET0SECRET").env("PEPPER", "p".repeat(32));
    }
}

const THROTTLED: &str = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slow down"}"#;

fn passed_on(request: SeenRequest) -> Call {
    let own =
        |name: &str| ["host", "content-length", "connection"].contains(&name.to_ascii_lowercase().as_str());
    let headers = request.headers.into_iter().filter(|(name, _)| !own(name));
    Call {
        face: Face::Gateway,
        method: request.method,
        target: request.target.into_bytes(),
        host: "localhost".to_owned(),
        authority: None,
        headers: headers.map(|(name, value)| (name, value.into_bytes())).collect(),
        body: request.body,
        handover: None,
        from: std::net::Ipv4Addr::LOCALHOST.into(),
    }
}

/// A function, and the administrator's secret.
fn running(table: &Table) -> (Function, String, Deployed) {
    let secret = bootstrap_secret(&SeededRandomness::new(7)).unwrap();
    let deployed = Deployed::with(&format!(
        "[[api_key]]\nname = \"partners\"\nprefix = \"acme\"\npepper = \"PEPPER\"\n\
         [admin]\nbootstrap_hash = \"{}\"\n\
         [[rule]]\npath = \"/orders/{{id}}\"\nrequire = \"key:partners\"\n",
        bootstrap_hash(&secret)
    ));
    let mut command = deployed.command();
    table.environ(&mut command);
    let function = Function::start(&mut command).unwrap();
    (function, String::from_utf8_lossy(secret.expose()).into_owned(), deployed)
}

/// A key, made through the function's own administration.
fn made(function: &Function, secret: &str) -> String {
    let wish = json!({ "block": "partners", "all_scopes": true, "never_expires": true });
    let event = json!({
        "requestContext": { "http": { "method": "POST", "sourceIp": "192.0.2.1" } },
        "rawPath": "/admin/v1/keys",
        "headers": { "authorization": format!("Bearer {secret}"), "content-type": "application/json" },
        "body": wish.to_string(),
    });
    let answer = function.invoke(event.to_string().into_bytes()).unwrap().unwrap();
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(answer["statusCode"], 201, "{answer}");
    let made: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    made["secret"].as_str().unwrap().to_owned()
}

fn event(key: &str) -> Vec<u8> {
    let event = json!({ "type": "TOKEN", "methodArn": ARN, "authorizationToken": format!("ApiKey {key}") });
    event.to_string().into_bytes()
}

fn is_allowed(function: &Function, key: &str) -> bool {
    let answer = function.invoke(event(key)).unwrap().unwrap();
    iam::allows(&serde_json::from_slice(&answer).unwrap(), ARN)
}

#[test]
fn a_key_that_was_seen_lately_costs_no_call() {
    let table = Table::new();
    let (maker, secret, _files) = running(&table);
    let key = made(&maker, &secret);
    // Another instance, which has seen nothing.
    let (function, _, _files) = running(&table);
    table.asked();
    assert!(is_allowed(&function, &key));
    assert!(table.asked() >= 1);
    assert!(is_allowed(&function, &key) && is_allowed(&function, &key));
    assert_eq!(table.asked(), 0);
}

#[test]
fn a_forged_key_costs_no_call_ever() {
    let table = Table::new();
    let (function, secret, _files) = running(&table);
    let key = made(&function, &secret);
    table.asked();
    let forged = key.replacen(|c: char| c.is_ascii_digit(), "x", 1);
    assert_ne!(forged, key);
    assert_eq!(function.invoke(event(&forged)).unwrap().unwrap_err()["errorMessage"], "Unauthorized");
    assert_eq!(table.asked(), 0);
}

#[test]
fn a_store_that_throttles_or_fails_is_raised_with_its_code_in_the_log() {
    let table = Table::new();
    let (maker, secret, _files) = running(&table);
    let key = made(&maker, &secret);
    for status in [400, 500] {
        let (mut function, _, _files) = running(&table);
        table.instead.store(status, Ordering::Release);
        let error = function.invoke(event(&key)).unwrap().unwrap_err();
        assert_eq!(error["errorMessage"], "The gate cannot decide at the moment.", "{status}");
        assert_eq!(function.audit().unwrap()["code"], "store_unavailable", "{status}");
        table.instead.store(0, Ordering::Release);
        assert!(is_allowed(&function, &key), "{status}: it is asked again");
    }
}

#[test]
fn a_store_that_is_not_there_is_raised_too() {
    let table = Table::new();
    let (maker, secret, _files) = running(&table);
    let key = made(&maker, &secret);
    let (function, _, _files) = running(&table);
    drop(table);
    let error = function.invoke(event(&key)).unwrap().unwrap_err();
    assert_eq!(error["errorType"], "Unavailable");
}
