//! Both planes as two processes on one store: the gate reads, and the control plane writes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is a failed test"
)]

mod common;

use std::time::{Duration, Instant};

use common::{Folder, Response, Server};
use rusqlite::Connection;
use serde_json::Value;

const BOOTSTRAP: &str = "edge-auth-admin_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

const POLICY: &str = r#"
[revocation]
secret = "REVOCATION"
bound = "4s"
interval = "3s"

[admin]
bootstrap_hash = "sha256:bada3b8d3eed2e9a14c520f9dc56d8d7cab6e2db46734c2d20027b76ec099191"

[forward_auth]
proxy = "traefik"

[[api_key]]
name = "partners"
prefix = "acme"
pepper = "PEPPER"

[[rule]]
path = "/orders"
require = "key:partners"
scopes = ["orders:read"]
"#;

fn folder() -> Folder {
    let folder = Folder::with_policy(POLICY);
    folder.json(&["store", "init"]);
    folder
}

fn control(server: &Server, path: &str, body: &str) -> Value {
    let authorization = format!("Bearer {BOOTSTRAP}");
    let fields = [("authorization", authorization.as_str())];
    let response = server.call_with_body("POST", path, &fields, body);
    assert!(response.status < 300, "{path}: {response:?}");
    serde_json::from_str(&response.body).unwrap()
}

fn ask(server: &Server, key: &str) -> Response {
    let fields = [
        ("x-forwarded-method", "GET"),
        ("x-forwarded-uri", "/orders"),
        ("x-forwarded-host", "api.example.com"),
        ("x-api-key", key),
    ];
    server.call("GET", "/authorize", &fields)
}

#[test]
fn a_key_of_the_control_plane_is_good_at_the_gate_at_once_and_refused_soon_after_its_revocation() {
    let folder = folder();
    let gate = folder.serve(&["--plane", "gate"]);
    let server = folder.serve(&["--plane", "control"]);
    // The gate has read the store before the key is there.
    assert_eq!(ask(&gate, "acme_live_x").status, 401);

    let request = r#"{"scopes": ["orders:read"], "expires": "1d"}"#;
    let made = control(&server, "/admin/v1/keys", request);
    let (id, secret) = (made["key"]["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    assert_eq!(ask(&gate, secret).status, 200);

    let path = format!("/admin/v1/keys/{id}/revoke");
    let revoked = control(&server, &path, r#"{"reason": "left in a repository"}"#);
    assert_eq!(revoked["bound_seconds"], 4);
    let patience = Instant::now() + Duration::from_secs(20);
    while ask(&gate, secret).code() != "key_revoked" {
        assert!(Instant::now() < patience, "the gate does not learn of the revocation");
        std::thread::sleep(Duration::from_millis(100));
    }
    // A command on the store reaches the gate, too.
    let made = folder.json(&["keys", "create", "--scope", "orders:read", "--expires", "1d"]);
    assert_eq!(ask(&gate, made["secret"].as_str().unwrap()).status, 200);
}

#[test]
fn each_plane_answers_its_own_endpoints_alone() {
    let folder = folder();
    let gate = folder.serve(&["--plane", "gate"]);
    let server = folder.serve(&["--plane", "control"]);
    let authorization = format!("Bearer {BOOTSTRAP}");
    let admin = [("authorization", authorization.as_str())];
    for path in ["/admin/v1/keys", "/admin/v1/openapi.json", "/admin/v1"] {
        let refused = gate.call("GET", path, &admin);
        assert_eq!(refused.status, 404, "{path}: {refused:?}");
    }
    assert_eq!(server.call("GET", "/admin/v1/keys", &admin).status, 200);
    for path in ["/authorize", "/v1/verify", "/orders", "/"] {
        assert_eq!(server.call("POST", path, &admin).status, 404, "{path}");
    }
    for server in [&gate, &server] {
        assert_eq!(server.call("GET", "/healthz", &[]).status, 200);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_gates_process_has_the_store_open_for_reading_only() {
    let folder = folder();
    let made = folder.json(&["keys", "create", "--scope", "orders:read", "--expires", "1d"]);
    let gate = folder.serve(&["--plane", "gate"]);
    assert_eq!(ask(&gate, made["secret"].as_str().unwrap()).status, 200);
    let store = folder.path("keys.db").canonicalize().unwrap();
    let mut found = 0;
    for entry in std::fs::read_dir(format!("/proc/{}/fd", gate.id())).unwrap() {
        let entry = entry.unwrap();
        if std::fs::read_link(entry.path()).is_ok_and(|target| target == store) {
            let number = entry.file_name().into_string().unwrap();
            let info = format!("/proc/{}/fdinfo/{number}", gate.id());
            let info = std::fs::read_to_string(info).unwrap();
            let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).unwrap();
            let flags = u32::from_str_radix(flags.trim(), 8).unwrap();
            // The access mode: `O_RDONLY`.
            assert_eq!(flags & 0o3, 0, "{info}");
            found += 1;
        }
    }
    assert!(found > 0, "the gate has the store open");
}

#[test]
fn a_gate_makes_and_changes_no_store_and_says_which_command_does() {
    let folder = Folder::with_policy(
        &POLICY.split_once("[admin]").unwrap().1.replace("bootstrap_hash", "# "),
    );
    let start = || {
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--plane", "gate"];
        Server::try_start(folder.edge_auth(&arguments)).err().unwrap()
    };
    let missing = start();
    assert!(missing.contains("there is no store") && missing.contains("store init"), "{missing}");
    assert!(!folder.path("keys.db").exists());

    folder.json(&["store", "init"]);
    let older = "DROP TABLE revocation; DROP TABLE revocation_snapshot;
         DROP TABLE revocation_snapshot_part; PRAGMA user_version = 1";
    Connection::open(folder.path("keys.db")).unwrap().execute_batch(older).unwrap();
    let refused = start();
    assert!(refused.contains("older schema 1"), "{refused}");
    assert!(refused.contains("`edge-auth store init`"), "{refused}");

    folder.json(&["store", "init"]);
    drop(folder.serve(&["--plane", "gate"]));
}

#[test]
fn the_control_plane_alone_has_no_upstream() {
    let folder = folder();
    let arguments = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--plane",
        "control",
        "--upstream",
        "http://127.0.0.1:9",
    ];
    let ran = folder.run(&arguments);
    assert_eq!(ran.code(), 2, "{}", ran.stderr());
    assert!(ran.stderr().contains("--upstream is for the gate"), "{}", ran.stderr());
}
