//! The OpenAPI document says what the face does, no more and no less.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::*;
use crate::admin::KeyWish;

fn document() -> Value {
    serde_json::from_str(OPENAPI).unwrap()
}

/// Method, path with an id put in, scope.
fn operations(document: &Value) -> Vec<(String, String, String)> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|(name, _)| *name != "parameters")
        {
            let path = path.replace("{id}", "0123456789abcdefgh");
            let scope = operation["security"][2]["apiKey"][0].as_str().unwrap().to_owned();
            assert!(operation["description"].as_str().unwrap().contains(&scope), "{path}");
            operations.push((method.to_uppercase(), path, scope));
        }
    }
    operations
}

fn properties(document: &Value, schema: &str) -> BTreeSet<String> {
    document["components"]["schemas"][schema]["properties"].as_object().unwrap().keys().cloned().collect()
}

fn members(value: &impl Serialize) -> BTreeSet<String> {
    serde_json::to_value(value).unwrap().as_object().unwrap().keys().cloned().collect()
}

#[test]
fn every_operation_that_is_described_exists_with_its_scope() {
    for (method, path, scope) in operations(&document()) {
        let action = Action::of(&method, &path).unwrap_or_else(|| panic!("{method} {path}"));
        assert_eq!(action.scope(), scope, "{method} {path}");
    }
}

#[test]
fn every_operation_that_exists_is_described() {
    let described: BTreeSet<&str> = operations(&document())
        .iter()
        .filter_map(|(method, path, _)| Action::of(method, path))
        .map(|action| action.name())
        .collect();
    let all = [
        Action::Describe,
        Action::List,
        Action::Create,
        Action::Import,
        Action::Show(""),
        Action::Rotate(""),
        Action::Disable(""),
        Action::Enable(""),
        Action::Revoke(""),
    ];
    assert_eq!(described, all.iter().map(Action::name).collect());
}

#[test]
fn the_schemas_have_the_members_that_are_read_and_written() {
    let document = document();
    let view = KeyView {
        id: String::new(),
        block: String::new(),
        state: "active",
        label: None,
        owner: None,
        scopes: None,
        environment: None,
        networks: Vec::new(),
        created_at: String::new(),
        expires_at: None,
        previous_secret_until: None,
        revoked_at: None,
        revoked_because: None,
        metadata: BTreeMap::new(),
        version: 1,
    };
    assert_eq!(properties(&document, "KeyView"), members(&view));
    let made = Answer { key: view, secret: Some("") };
    assert_eq!(properties(&document, "MadeKey"), members(&made));
    let wish = members(&KeyWish::default());
    assert_eq!(properties(&document, "KeyWish"), wish);
    let import = wish.into_iter().chain(["hash".to_owned()]).collect();
    assert_eq!(properties(&document, "ImportWish"), import);
    let problem: Value = serde_json::from_slice(&problem(404, "key_not_found", "").body).unwrap();
    assert_eq!(properties(&document, "Problem"), members(&problem));
}

#[test]
fn every_reference_leads_somewhere() {
    fn follow(value: &Value, document: &Value) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    match value.as_str().filter(|_| name == "$ref") {
                        Some(reference) => {
                            let pointer = reference.strip_prefix('#').unwrap();
                            assert!(document.pointer(pointer).is_some(), "{reference}");
                        }
                        None => follow(value, document),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| follow(item, document)),
            _ => {}
        }
    }
    let document = document();
    follow(&document, &document);
}

#[test]
fn what_is_not_described_is_no_action() {
    for (method, path) in [
        ("DELETE", "/admin/v1/keys"),
        ("GET", "/admin/v1/keys/import/x"),
        ("GET", "/admin/v1/"),
        ("GET", "/admin/v2/keys"),
        ("POST", "/admin/v1/keys/x"),
        ("POST", "/admin/v1/keys/x/wrap"),
        ("get", "/admin/v1/keys"),
    ] {
        assert!(Action::of(method, path).is_none(), "{method} {path}");
    }
}
