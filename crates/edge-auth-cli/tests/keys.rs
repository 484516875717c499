//! Keys made and changed by the command while a server uses the same store.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a panic is a failed test"
)]

mod common;

use common::{Folder, Server, echo};

const POLICY: &str = r#"
[revocation]
bound = "1s"

[[api_key]]
name = "partners"
prefix = "acme"
pepper = "PEPPER"

[[rule]]
name = "orders"
path = "/orders/{id}"
require = "key:partners"
scopes = ["orders:read"]
"#;

fn get(server: &Server, key: &str) -> (u16, String) {
    let response = server.call("GET", "/orders/1", &[("x-api-key", key)]);
    (response.status, response.code())
}

/// Asks until the answer is as it must become: within the bound, not at once.
fn becomes(server: &Server, key: &str, status: u16, code: &str) {
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while get(server, key) != (status, code.to_owned()) {
        assert!(std::time::Instant::now() < patience, "still {:?}", get(server, key));
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

fn create(folder: &Folder) -> (String, String) {
    let made = folder.json(&["keys", "create", "--scope", "orders:read", "--expires", "1d"]);
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    (text(&made["key"]["id"]), text(&made["secret"]))
}

#[test]
fn a_key_is_created_used_rotated_and_revoked_while_the_server_runs() {
    let folder = Folder::with_policy(POLICY);
    let upstream = format!("http://{}", echo());
    let server = folder.serve(&["--upstream", &upstream]);

    let (id, first) = create(&folder);
    assert_eq!(get(&server, &first).0, 200);

    let rotated = folder.json(&["keys", "rotate", &id, "--overlap", "1h"]);
    let second = rotated["secret"].as_str().unwrap().to_owned();
    becomes(&server, &second, 200, "");
    assert_eq!(get(&server, &first).0, 200, "the old secret is good during the overlap");

    folder.json(&["keys", "disable", &id]);
    becomes(&server, &second, 401, "key_disabled");
    folder.json(&["keys", "enable", &id]);
    becomes(&server, &second, 200, "");

    folder.json(&["keys", "revoke", &id, "--reason", "leaked"]);
    becomes(&server, &first, 401, "key_revoked");
    becomes(&server, &second, 401, "key_revoked");
    assert_eq!(folder.json(&["keys", "show", &id])["key"]["revoked_because"], "leaked");
}

#[test]
fn a_rotation_without_overlap_ends_the_old_secret() {
    let folder = Folder::with_policy(POLICY);
    let server = folder.serve(&["--upstream", &format!("http://{}", echo())]);
    let (id, first) = create(&folder);
    assert_eq!(get(&server, &first).0, 200);
    folder.json(&["keys", "rotate", &id, "--overlap", "0s"]);
    becomes(&server, &first, 401, "key_invalid");
}

#[test]
fn the_careless_key_must_be_spelled_out() {
    let folder = Folder::with_policy(POLICY);
    let no_expiry = folder.run(&["keys", "create", "--scope", "orders:read"]);
    assert_eq!((no_expiry.code(), no_expiry.stderr().contains("expires")), (2, true));
    let no_scope = folder.run(&["keys", "create", "--expires", "1d"]);
    assert_eq!((no_scope.code(), no_scope.stderr().contains("scope")), (2, true));
    folder.json(&["keys", "create", "--all-scopes", "--never-expires"]);
}

#[test]
fn all_missing_arguments_are_named_in_one_message() {
    let folder = Folder::with_policy(POLICY);
    let message = |arguments: &[&str]| {
        let mut command = folder.edge_auth(arguments);
        let ran =
            command.env_remove("EDGE_AUTH_POLICY").env_remove("EDGE_AUTH_STORE").output().unwrap();
        assert_eq!(ran.status.code(), Some(2));
        String::from_utf8_lossy(&ran.stderr).into_owned()
    };
    let create = message(&["keys", "create"]);
    for flag in ["--policy", "--store", "--expires", "--scope"] {
        assert!(create.contains(flag), "{flag}: {create}");
    }
    let revoke = message(&["revoke", "token", "--issuer", "corp", "--id", "a"]);
    for flag in ["--policy", "--store", "--reason"] {
        assert!(revoke.contains(flag), "{flag}: {revoke}");
    }
    let import = message(&["keys", "import", "--hash", "00"]);
    assert!(import.contains("--store") && import.contains("--all-scopes"), "{import}");
    assert!(!message(&["keys", "import", "--file", "keys.jsonl"]).contains("--all-scopes"));
}

#[test]
fn a_wish_that_cannot_be_met_is_not_understood_whatever_is_wrong_with_it() {
    let folder = Folder::with_policy(POLICY);
    for wrong in [
        ["--scope", "a b", "--expires", "1d"],
        ["--scope", "a", "--expires", "2001-01-01"],
        ["--scope", "a", "--expires", "soon"],
        ["--all-scopes", "--never-expires", "--network", "10.0.0.0/33"],
        ["--all-scopes", "--never-expires", "--tenant", "two tenants"],
    ] {
        let ran = folder.run(&[&["keys", "create"][..], &wrong].concat());
        assert_eq!(ran.code(), 2, "{wrong:?}: {}", ran.stderr());
    }
}

#[test]
fn a_rotated_key_shows_how_long_its_old_secret_is_good() {
    let folder = Folder::with_policy(POLICY);
    let (id, _) = create(&folder);
    folder.json(&["keys", "rotate", &id, "--overlap", "1h"]);
    let shown = folder.run(&["keys", "show", &id]).stdout();
    let line = shown.lines().find(|line| line.starts_with("old secret until")).unwrap();
    assert!(line.starts_with("old secret until  20"), "{shown}");
    let column = |name: &str| {
        let line = shown.lines().find(|line| line.starts_with(name)).unwrap();
        line.len() - line[name.len()..].trim_start().len()
    };
    assert_eq!(column("expires"), column("old secret until"), "{shown}");
}

#[test]
fn a_list_shows_keys_and_no_secrets() {
    let folder = Folder::with_policy(POLICY);
    let (id, secret) = create(&folder);
    let listed = folder.run(&["keys", "list"]).stdout();
    assert!(
        listed.contains(&id) && listed.contains("active") && !listed.contains(&secret),
        "{listed}"
    );
    let shown = folder.run(&["keys", "show", &id]).stdout();
    assert!(shown.contains("orders:read") && !shown.contains(&secret), "{shown}");
}

#[test]
fn a_keys_tenant_is_shown_and_listed_and_kept_by_rotations() {
    let folder = Folder::with_policy(POLICY);
    let (without, _) = create(&folder);
    let listed = folder.run(&["keys", "list"]).stdout();
    assert!(!listed.contains("TENANT"), "{listed}");
    let made =
        folder.json(&["keys", "create", "--all-scopes", "--expires", "1d", "--tenant", "acme"]);
    assert_eq!(made["key"]["tenant"], "acme");
    let id = made["key"]["id"].as_str().unwrap();
    let rotated = folder.json(&["keys", "rotate", id, "--overlap", "1h"]);
    assert_eq!(rotated["key"]["tenant"], "acme");

    let shown = folder.run(&["keys", "show", id]).stdout();
    assert!(shown.lines().any(|line| line == "tenant            acme"), "{shown}");
    let shown = folder.run(&["keys", "show", &without]).stdout();
    assert!(!shown.contains("tenant"), "{shown}");
    let listed = folder.run(&["keys", "list"]).stdout();
    let row = |of: &str| listed.lines().find(|line| line.contains(of)).unwrap().to_owned();
    let column = row("ID").find("TENANT").unwrap();
    assert!(row(id)[column..].starts_with("acme "), "{listed}");
    assert!(row(&without)[column..].starts_with("- "), "{listed}");
}

#[test]
fn an_unknown_key_is_a_no_and_a_missing_store_is_trouble() {
    let folder = Folder::with_policy(POLICY);
    let missing = folder.run(&["keys", "list"]);
    assert_eq!(missing.code(), 3, "{}", missing.stderr());
    assert!(!folder.path("keys.db").exists(), "a command that reads makes no store");
    create(&folder);
    let unknown = folder.run(&["keys", "show", "nobody"]);
    assert_eq!((unknown.code(), unknown.stderr().contains("nobody")), (1, true));
}

#[test]
fn a_missing_or_short_pepper_is_named() {
    let folder = Folder::with_policy(POLICY);
    for (value, message) in [(None, "not set"), (Some("short"), "32")] {
        let mut command = folder.edge_auth(&["keys", "list"]);
        command.env_remove("PEPPER");
        value.map(|value| command.env("PEPPER", value));
        create(&folder);
        let output = command.output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains("PEPPER") && stderr.contains(message), "{stderr}");
    }
}

#[test]
fn a_pepper_is_rotated_by_wrapping_and_every_key_stays_good() {
    let folder = Folder::with_policy(POLICY);
    let (_, secret) = create(&folder);
    let rotating = POLICY.replace(
        "pepper = \"PEPPER\"",
        "pepper = { current = \"NEW_PEPPER\", previous = [\"PEPPER\"] }",
    );
    folder.write("policy.toml", &rotating);
    let wrap = |folder: &Folder| {
        let mut command = folder.edge_auth(&["--json", "keys", "wrap"]);
        let output =
            command.env("NEW_PEPPER", "another pepper for tests, of 32 bytes").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    assert_eq!(wrap(&folder)["wrapped"], 1);
    assert_eq!(wrap(&folder)["current"], 1, "wrapping twice changes nothing");

    folder.write("policy.toml", &rotating.replace("previous", "retired"));
    let mut command = folder.edge_auth(&["serve", "--listen", "127.0.0.1:0", "--upstream"]);
    command
        .arg(format!("http://{}", echo()))
        .env("NEW_PEPPER", "another pepper for tests, of 32 bytes");
    let server = Server::start(command);
    assert_eq!(get(&server, &secret).0, 200);
}

#[test]
fn keys_of_another_system_are_imported_from_a_file_and_twice_changes_nothing() {
    let folder = Folder::with_policy(
        r#"
[[api_key]]
name = "legacy"
pepper = "PEPPER"
imported = { hash = "sha256", prefix = "old_" }

[[rule]]
path = "/orders/{id}"
require = "key:legacy"
"#,
    );
    // SHA-256 of `old_0123456789abcdef0123456789abcdef`.
    let text = "old_0123456789abcdef0123456789abcdef";
    let hash: String = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes())
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let good = format!(
        r#"{{"hash": "{hash}", "block": "legacy", "all_scopes": true, "never_expires": true}}"#
    );
    folder.write("keys.jsonl", &format!("{good}\n\n{{\"hash\": \"00\"}}\n"));
    let ran = folder.run(&["--json", "keys", "import", "--file", "keys.jsonl"]);
    assert_eq!(ran.code(), 1, "{}", ran.stderr());
    assert_eq!(
        (&ran.report()["imported"], &ran.report()["failed"][0]["line"]),
        (&1.into(), &3.into())
    );

    folder.write("keys.jsonl", &good);
    assert_eq!(folder.json(&["keys", "import", "--file", "keys.jsonl"])["known"], 1);
    let server = folder.serve(&["--upstream", &format!("http://{}", echo())]);
    assert_eq!(get(&server, text).0, 200);
    assert_eq!(get(&server, "old_0123456789abcdef0123456789abcdee").0, 401);
}
