//! Listing, showing and undoing entries, and mistakes in the arguments.

use serde_json::json;

use crate::{POLICY, folder};

#[test]
fn the_log_is_listed_shown_and_undone() {
    let (folder, _) = folder();
    folder.json(&["keys", "create", "--all-scopes", "--expires", "1d"]);
    let revoke = [
        "revoke",
        "subject",
        "--issuer",
        "corp",
        "--subject",
        "bob",
        "--reason",
        "lost the laptop",
    ];
    let mut entered = folder.json(&revoke);
    assert_eq!((&entered["says"], &entered["bound_seconds"]), (&"revoked".into(), &10.into()));
    entered.as_object_mut().unwrap().remove("bound_seconds");
    let id = entered["id"].to_string();
    assert_eq!(folder.json(&["revocations", "show", &id]), entered);
    let undone = folder.json(&["revocations", "undo", &id, "--reason", "found it"]);
    assert_eq!((undone["says"].as_str(), &undone["target"]), (Some("undone"), &entered["target"]));
    let listed = folder.json(&["revocations", "list"]);
    assert_eq!(listed["revocations"], json!([undone, entered]));
    let message = folder.run(&["revocations", "list"]).stdout();
    assert!(message.contains("lost the laptop") && message.contains("found it"), "{message}");
    assert_eq!(folder.json(&["revocations", "compact"])["held"], 0);
}

#[test]
fn a_mistake_in_the_arguments_is_explained_and_enters_nothing() {
    let (folder, _) = folder();
    folder.json(&["keys", "create", "--all-scopes", "--expires", "1d"]);
    let token = ["revoke", "token", "--issuer", "corp", "--id", "x"];
    let no_reason = folder.run(&token);
    assert_eq!(
        (no_reason.code(), no_reason.stderr().contains("--reason")),
        (2, true),
        "{}",
        no_reason.stderr()
    );
    let unknown =
        folder.run(&["revoke", "token", "--issuer", "crop", "--id", "x", "--reason", "r"]);
    assert_eq!(
        (unknown.code(), unknown.stderr().contains("crop")),
        (2, true),
        "{}",
        unknown.stderr()
    );
    let missing = folder.run(&["revocations", "show", "7"]);
    assert_eq!(
        (missing.code(), missing.stderr().contains("no entry 7")),
        (1, true),
        "{}",
        missing.stderr()
    );
    assert_eq!(folder.json(&["revocations", "list"])["revocations"], json!([]));

    folder.write("policy.toml", &POLICY.replace("secret = \"PEPPER\"", ""));
    let off = folder.run(&["revoke", "token", "--issuer", "corp", "--id", "x", "--reason", "r"]);
    assert_eq!(
        (off.code(), off.stderr().contains("[revocation] secret")),
        (1, true),
        "{}",
        off.stderr()
    );
}

#[test]
fn policy_check_prints_the_stages_of_every_host() {
    let (folder, _) = folder();
    let report = folder.json(&["policy", "check", "policy.toml"]);
    let hosts = report["revocation"]["hosts"].as_array().unwrap();
    let sums: Vec<_> = hosts
        .iter()
        .map(|host| (host["host"].as_str().unwrap(), host["sum_seconds"].as_f64()))
        .collect();
    let six = Some(6.0);
    assert_eq!(
        sums,
        [("native, SQLite", six), ("Workers, Durable Object", six), ("Lambda, DynamoDB", six)]
    );
    let message = folder.run(&["policy", "check", "policy.toml"]).stdout();
    assert!(message.contains("native, SQLite: 6 s (store 0 s + feed 6 s)"), "{message}");
    assert!(message.contains("KV alone: best effort, no bound"), "{message}");
}

#[test]
fn undoing_the_revocation_of_a_key_says_that_the_key_stays_revoked() {
    let (folder, _) = folder();
    let key = folder.json(&["keys", "create", "--all-scopes", "--expires", "1d"]);
    let id = key["key"]["id"].as_str().unwrap();
    let revoked = folder.json(&["revoke", "api-key", "--id", id, "--reason", "a test"]);
    let undo = ["revocations", "undo", &revoked["id"].to_string(), "--reason", "a mistake"];
    let report = folder.json(&undo);
    let notice = report["notice"].as_str().unwrap();
    assert!(notice.contains("stays revoked") && notice.contains("keys create"), "{notice}");
    assert_eq!(folder.json(&["keys", "show", id])["key"]["state"], "revoked");
}

#[test]
fn an_expiry_that_must_be_given_is_asked_for_by_its_option() {
    let (folder, _) = folder();
    folder.write("policy.toml", &POLICY.replace("max_lifetime = \"2h\"", ""));
    let revoke = ["revoke", "subject", "--issuer", "corp", "--subject", "bob", "--reason", "r"];
    let refused = folder.run(&revoke);
    assert_eq!(refused.code(), 2, "{}", refused.stderr());
    assert!(refused.stderr().contains("`--expires`"), "{}", refused.stderr());
    folder.json(&[&revoke[..], &["--expires", "1h"]].concat());
}
