//! The command and its server on a DynamoDB table: AWS's DynamoDB Local.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic is a failed test")]

mod common;

use std::process::Command;
use std::sync::OnceLock;

use common::{Folder, Server};
use edge_auth_testkit::dynamodb_local::DynamoDbLocal;

const POLICY: &str = r#"
[[api_key]]
name = "partners"
prefix = "acme"
pepper = "PEPPER"

[[rule]]
path = "/orders"
require = "key:partners"

[forward_auth]
proxy = "caddy"
"#;

/// Starts DynamoDB Local, which ends with the process.
fn local() -> &'static DynamoDbLocal {
    static LOCAL: OnceLock<DynamoDbLocal> = OnceLock::new();
    LOCAL.get_or_init(|| DynamoDbLocal::start().unwrap())
}

/// Makes a command whose store is a table.
fn edge_auth(folder: &Folder, table: &str, arguments: &[&str]) -> Command {
    let mut command = folder.edge_auth(arguments);
    command
        .env("EDGE_AUTH_STORE", format!("dynamodb:{table}"))
        .env("AWS_ENDPOINT_URL_DYNAMODB", local().endpoint())
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ACCESS_KEY_ID", "AKIATEST")
        .env("AWS_SECRET_ACCESS_KEY", "not a secret")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    command
}

/// Runs a command that succeeds, and returns its output.
fn said(folder: &Folder, table: &str, arguments: &[&str]) -> String {
    let output = edge_auth(folder, table, arguments).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {complaint}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a command that fails with exit code 3, and returns its error.
fn complaint(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn an_existing_table_is_not_changed() {
    let folder = Folder::with_policy(POLICY);
    let init = ["store", "init"];
    assert_eq!(
        said(&folder, "made", &init),
        "DynamoDB table made: made\nDynamoDB removes expired records: TTL was switched on.\n"
    );
    assert_eq!(
        said(&folder, "made", &init),
        "DynamoDB table made: exists already\nDynamoDB removes expired records: TTL is on.\n"
    );
    let again: serde_json::Value =
        serde_json::from_str(&said(&folder, "made", &["--json", "store", "init"])).unwrap();
    let expected = serde_json::json!({ "store": "DynamoDB table made", "created": false, "ttl_enabled": false });
    assert_eq!(again, expected);
}

#[test]
fn a_key_is_made_used_and_revoked_in_a_table() {
    let folder = Folder::with_policy(POLICY);
    said(&folder, "keys", &["store", "init"]);
    let create = ["--json", "keys", "create", "--all-scopes", "--expires", "1d"];
    let made: serde_json::Value = serde_json::from_str(&said(&folder, "keys", &create)).unwrap();
    let (id, text) = (made["key"]["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    assert!(said(&folder, "keys", &["keys", "list"]).contains(id));

    let serve = edge_auth(&folder, "keys", &["serve", "--listen", "127.0.0.1:0"]);
    let server = Server::start(serve);
    let asked =
        [("X-Forwarded-Method", "GET"), ("X-Forwarded-Uri", "/orders"), ("X-API-Key", text)];
    assert_eq!(server.call("GET", "/authorize", &asked).status, 200);

    said(&folder, "keys", &["keys", "revoke", id, "--reason", "a test"]);
    let server = Server::start(edge_auth(&folder, "keys", &["serve", "--listen", "127.0.0.1:0"]));
    let refused = server.call("GET", "/authorize", &asked);
    assert_eq!((refused.status, refused.header("x-auth-code")), (401, Some("key_revoked")));
}

#[test]
fn a_missing_table_is_made_by_store_init_only() {
    let folder = Folder::with_policy(POLICY);
    for arguments in [
        &["keys", "create", "--all-scopes", "--never-expires"][..],
        &["serve", "--listen", "127.0.0.1:0"],
    ] {
        let complaint = complaint(&mut edge_auth(&folder, "nowhere", arguments));
        assert!(
            complaint.contains("DynamoDB table nowhere: GetItem: ResourceNotFoundException"),
            "{complaint}"
        );
        assert!(complaint.contains("`edge-auth store init` makes it"), "{complaint}");
    }
}

#[test]
fn missing_credentials_and_a_missing_region_are_named() {
    let folder = Folder::with_policy(POLICY);
    let list = || edge_auth(&folder, "keys", &["keys", "list"]);
    let no_credentials = complaint(list().env_remove("AWS_ACCESS_KEY_ID"));
    assert!(no_credentials.contains("credentials"), "{no_credentials}");
    let no_region =
        complaint(list().env_remove("AWS_REGION").env_remove("AWS_ENDPOINT_URL_DYNAMODB"));
    assert!(no_region.contains("Missing Region"), "{no_region}");
}
