//! Policies with and without mistakes, and the messages for each mistake.

use super::*;
use crate::policy::{Access, KeyOrigin, LoadError, SecretEncoding, TokenPlace};

mod compiled;
mod fields;
mod issuer_keys;
mod issuers;
mod public_issuers;
mod robustness;
mod rules;
mod shapes;

/// A policy without mistakes. Its lines are counted by the tests.
const GOOD: &str = r#"[[issuer]]
name = "corp"
issuer = "https://login.example/"
audience = "https://api.example"
keys = { discover = true }

[[api_key]]
name = "partners"
prefix = "acme"
pepper = "PEPPER"

[[rule]]
path = "/v1/orders/{id}"
methods = ["GET"]
require = { any = ["jwt:corp", "key:partners"] }
scopes = ["orders:read"]
"#;

/// The same in JSON.
const GOOD_JSON: &str = r#"{
  "issuer": [
    {
      "name": "corp",
      "issuer": "https://login.example/",
      "audience": "https://api.example",
      "keys": {"discover": true}
    }
  ],
  "api_key": [
    {
      "name": "partners",
      "prefix": "acme",
      "pepper": "PEPPER"
    }
  ],
  "rule": [
    {
      "path": "/v1/orders/{id}",
      "methods": ["GET"],
      "require": {"any": ["jwt:corp", "key:partners"]},
      "scopes": ["orders:read"]
    }
  ]
}
"#;

fn parse(text: &str) -> Result<Policy, PolicyErrors> {
    Policy::parse(text, Format::Toml, "policy.toml")
}

fn json(text: &str) -> Result<Policy, PolicyErrors> {
    Policy::parse(text, Format::Json, "policy.json")
}

#[track_caller]
fn policy(text: &str) -> Policy {
    parse(text).unwrap_or_else(|errors| panic!("{errors}\n{text}"))
}

/// The good policy with one passage replaced, which must be there.
#[track_caller]
fn with(old: &str, new: &str) -> String {
    assert!(GOOD.contains(old), "{old}");
    GOOD.replacen(old, new, 1)
}

/// The only mistake of a policy, as it is written for people.
#[track_caller]
fn mistake(text: &str) -> String {
    let errors = parse(text).expect_err(text).0;
    assert_eq!(errors.len(), 1, "{errors:?}\n{text}");
    errors[0].to_string()
}

/// Asserts that the only mistake of a policy begins like this.
#[track_caller]
fn says(text: &str, told: &str) {
    let mistake = mistake(text);
    assert!(mistake.starts_with(told), "{mistake}\n{told}");
}

/// The good policy with `field` set for its issuer, on line 6.
fn issuer_with(field: &str) -> String {
    with("true }\n", &format!("true }}\n{field}\n"))
}

#[test]
fn the_good_policy_is_good_in_both_formats() {
    assert!(policy(GOOD).weaknesses().is_empty());
    assert_eq!(json(GOOD_JSON).unwrap().rule_count(), 1);
}

#[test]
fn an_empty_policy_has_no_rule() {
    assert_eq!(policy("").rule_count(), 0);
    assert_eq!(json("{}").unwrap().rule_count(), 0);
}

#[test]
fn all_mistakes_are_reported_at_once_in_the_order_of_the_blocks() {
    let text = GOOD
        .replace("\"https://api.example\"", "[]")
        .replace("\"acme\"", "\"Acme\"")
        .replace("key:partners", "key:partner");
    let told = parse(&text).unwrap_err().to_string();
    let places: Vec<_> = told.lines().map(|line| line.rsplit_once("`: ").unwrap().0).collect();
    assert_eq!(
        places,
        [
            "policy.toml:4: issuer 1 (`corp`): `audience",
            "policy.toml:9: api_key 1 (`partners`): `prefix`: prefix `Acme",
            "policy.toml:15: rule 1 (`/v1/orders/{id}`): `require`: `key:partner",
        ]
    );
}
