//! Checks that the documentation is true: its policies, cases and calls work, and its links, files and
//! symbols exist.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is a failed test"
)]

#[path = "../common/mod.rs"]
mod common;
mod places;

use common::{Folder, echo};

const README: &str = include_str!("../../../../README.md");
const GUIDE: &str = include_str!("../../README.md");

/// Returns the code blocks of a language in a page, in order.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    page.split(&fence).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

fn policy() -> &'static str {
    blocks(README, "toml")[0]
}

#[test]
fn the_readmes_policy_is_valid_without_warnings() {
    let report = Folder::with_policy(policy()).json(&["policy", "check", "policy.toml"]);
    assert_eq!((&report["rules"], &report["weaknesses"]), (&2.into(), &serde_json::json!([])));
}

#[test]
fn the_readmes_additions_are_valid() {
    for addition in &blocks(README, "toml")[1..] {
        let policy = format!("{addition}\n{}", policy());
        Folder::with_policy(&policy).json(&["policy", "check", "policy.toml"]);
    }
}

#[test]
fn the_readmes_calls_get_the_documented_answers() {
    let folder = Folder::with_policy(policy());
    let server = folder.serve(&["--upstream", &format!("http://{}", echo())]);
    let made = folder.json(&[
        "keys",
        "create",
        "--scope",
        "orders:read",
        "--expires",
        "90d",
        "--owner",
        "acme",
    ]);
    let key = made["secret"].as_str().unwrap();
    assert!(key.starts_with("acme_live_"));
    let allowed = server.call("GET", "/v1/orders/42", &[("x-api-key", key)]);
    assert_eq!(allowed.status, 200);
    assert!(
        allowed.body.to_lowercase().contains("x-auth-scopes: orders:read\r\n"),
        "{}",
        allowed.body
    );
    assert_eq!(server.call("GET", "/v1/orders/42", &[]).code(), "credential_missing");
    assert_eq!(server.call("GET", "/v1/invoices", &[]).code(), "no_rule");
    assert_eq!(server.call("GET", "/health", &[]).status, 200);
}

#[test]
fn the_guides_cases_pass() {
    let folder = Folder::with_policy(policy());
    folder.write("cases.toml", blocks(GUIDE, "toml")[0]);
    let ran = folder.run(&["policy", "test", "cases.toml"]);
    assert_eq!(ran.code(), 0, "{}{}", ran.stdout(), ran.stderr());
    assert!(ran.stdout().contains("3 passed, 0 failed"));
}
