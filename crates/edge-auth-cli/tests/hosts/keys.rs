//! `keys …` against a host.

use serde_json::Value;

use crate::{POLICY, prints_the_same, report, run, served};

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer}: {value}"))
}

#[test]
fn a_key_is_made_shown_changed_and_revoked_as_on_the_store() {
    let (folder, server) = served();
    let made = report(
        &folder,
        &server,
        &[
            "keys",
            "create",
            "--block",
            "partners",
            "--scope",
            "orders:read,orders:write",
            "--expires",
            "90d",
            "--owner",
            "acme",
            "--tenant",
            "acme",
            "--label",
            "ci",
            "--network",
            "127.0.0.0/8",
            "--metadata",
            "team=a",
        ],
    );
    let (id, secret) = (text(&made, "/key/id"), text(&made, "/secret"));
    assert_eq!(server.call("GET", "/admin/v1/keys", &[("x-api-key", secret)]).status, 403);
    let shown = prints_the_same(&folder, &server, &["keys", "show", id]);
    assert_eq!(shown["key"], made["key"]);
    assert_eq!(shown["key"]["metadata"]["team"], "a");
    prints_the_same(&folder, &server, &["keys", "list"]);

    let rotated = report(&folder, &server, &["keys", "rotate", id, "--overlap", "1h 30m"]);
    assert_ne!(text(&rotated, "/secret"), secret);
    let until = text(&rotated, "/key/previous_secret_until").to_owned();
    assert!(&*until > text(&rotated, "/key/created_at"));
    let disabled = report(&folder, &server, &["keys", "disable", id]);
    assert_eq!(disabled["key"]["state"], "disabled");
    prints_the_same(&folder, &server, &["keys", "show", id]);
    assert_eq!(report(&folder, &server, &["keys", "enable", id])["key"]["state"], "active");
    let revoked = report(&folder, &server, &["keys", "revoke", id, "--reason", "a test"]);
    assert_eq!(revoked["key"]["state"], "revoked");
    assert_eq!(prints_the_same(&folder, &server, &["keys", "show", id])["key"], revoked["key"]);
    prints_the_same(&folder, &server, &["revocations", "list"]);

    let again = run(&folder, &server, &["keys", "enable", id]);
    let local = folder.run(&["keys", "enable", id]);
    assert_eq!((again.code(), again.stderr()), (local.code(), local.stderr()));
}

#[test]
fn the_only_block_needs_no_name_and_several_are_listed() {
    let (folder, server) = served();
    let create = ["keys", "create", "--all-scopes", "--never-expires"];
    let several = run(&folder, &server, &create);
    let local = folder.run(&create);
    assert_eq!((several.code(), several.stderr()), (local.code(), local.stderr()));
    assert!(several.stderr().contains("partners | legacy"), "{}", several.stderr());

    let (before, after) = POLICY.split_once("[[api_key]]\nname = \"legacy\"").unwrap();
    let (_, after) = after.split_once("[[rule]]").unwrap();
    folder.write(
        "policy.toml",
        &format!("{before}[[rule]]{}", after.replace(", \"key:legacy\"", "")),
    );
    let server = folder.serve(&[]);
    let made = report(&folder, &server, &create);
    assert_eq!(made["key"]["block"], "partners");
    assert_eq!(made["key"]["scopes"], Value::Null);
}

#[test]
fn pages_of_keys_are_read_to_their_end() {
    let (folder, server) = served();
    let lines: String = (0..130)
        .map(|number| {
            format!(
                "{{\"hash\": \"{number:064x}\", \"block\": \"legacy\", \"scopes\": [\"a\"], \
                 \"never_expires\": true}}\n"
            )
        })
        .collect();
    folder.write("keys.jsonl", &lines);
    let import = ["keys", "import", "--file", "keys.jsonl"];
    let imported = report(&folder, &server, &import);
    assert_eq!((&imported["imported"], &imported["known"]), (&130.into(), &0.into()));
    let again = report(&folder, &server, &import);
    assert_eq!((&again["imported"], &again["known"]), (&0.into(), &130.into()));
    let listed = prints_the_same(&folder, &server, &["keys", "list", "--block", "legacy"]);
    assert_eq!(listed["keys"].as_array().unwrap().len(), 130);
    assert_eq!(
        report(&folder, &server, &["keys", "list", "--block", "partners"])["keys"][0],
        Value::Null
    );
}

#[test]
fn lines_that_cannot_be_imported_are_reported_by_their_number() {
    let (folder, server) = served();
    let good = r#"{"hash": "6fd0c281391fbd80abb3c7bb48a94b4368bbdc2012ae9b2171a563a8e0b51808", "block": "legacy", "scopes": ["a"], "never_expires": true}"#;
    folder.write("keys.jsonl", &format!("{good}\n\n{{}}\nx\n{}\n", good.replace("6fd0", "zz")));
    let import = ["--json", "keys", "import", "--file", "keys.jsonl"];
    let ran = run(&folder, &server, &import);
    assert_eq!(ran.code(), 1, "{}", ran.stderr());
    let ended = ran.report();
    let failed = ended["failed"].as_array().unwrap();
    let lines: Vec<u64> = failed.iter().map(|line| line["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [3, 4, 5], "{ended}");
    let one = [
        "keys",
        "import",
        "--block",
        "legacy",
        "--scope",
        "a",
        "--never-expires",
        "--hash",
        &"0".repeat(64),
    ];
    assert_eq!(report(&folder, &server, &one)["key"]["block"], "legacy");
}

#[test]
fn stored_hashes_are_wrapped_under_a_new_pepper() {
    let (folder, server) = served();
    let made = report(
        &folder,
        &server,
        &["keys", "create", "--block", "partners", "--all-scopes", "--expires", "1d"],
    );
    let wrapped = report(&folder, &server, &["keys", "wrap"]);
    assert_eq!((&wrapped["wrapped"], &wrapped["current"]), (&0.into(), &1.into()));

    let rotated = POLICY.replace(
        "pepper = \"PEPPER\"",
        "pepper = { current = \"NEWER\", previous = [\"PEPPER\"] }",
    );
    folder.write("policy.toml", &rotated);
    let mut command = folder.edge_auth(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("NEWER", "another pepper for tests, of 32 bytes");
    let server = crate::common::Server::start(command);
    let wrapped = report(&folder, &server, &["keys", "wrap", made["key"]["id"].as_str().unwrap()]);
    assert_eq!((&wrapped["wrapped"], &wrapped["current"]), (&1.into(), &0.into()));
    assert_eq!(report(&folder, &server, &["keys", "wrap"])["current"], 1);
}
