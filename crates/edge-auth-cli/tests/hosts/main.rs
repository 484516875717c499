//! The commands against a host over HTTP: they do and print what they do on a local store.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is a failed test"
)]

#[path = "../common/mod.rs"]
mod common;
mod errors;
mod keys;
mod revocations;
mod tls;

use common::{Folder, Ran, Server};
use edge_auth_testkit::mint::TestKey;
use serde_json::{Value, json};

/// The secret of the policy's `bootstrap_hash`.
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

[[issuer]]
name = "corp"
issuer = "https://login.example.com/"
audience = "https://api.example.com"
keys = { jwks_file = "jwks.json" }
max_lifetime = "1h"

[[api_key]]
name = "partners"
prefix = "acme"
pepper = "PEPPER"

[[api_key]]
name = "legacy"
pepper = "PEPPER"
imported = { hash = "sha256", prefix = "sk_old_" }

[[rule]]
path = "/admin/v1/keys/{*rest}"
require = "key:partners"
scopes = { any_of = ["edge-auth:keys:read", "edge-auth:keys:write"] }

[[rule]]
path = "/orders"
require = { any = ["jwt:corp", "key:partners", "key:legacy"] }
"#;

/// A folder with a policy and a store, and a server of both planes on it.
fn served() -> (Folder, Server) {
    let folder = Folder::with_policy(POLICY);
    let keys = json!({ "keys": [TestKey::named("p256").unwrap().jwk()] });
    folder.write("jwks.json", &keys.to_string());
    folder.json(&["store", "init"]);
    let server = folder.serve(&[]);
    (folder, server)
}

/// Runs a command against the server, as its administrator. It needs neither policy nor secrets.
fn run(folder: &Folder, server: &Server, arguments: &[&str]) -> Ran {
    run_with(folder, &format!("http://{}", server.address), Some(BOOTSTRAP), arguments)
}

fn run_with(folder: &Folder, url: &str, credential: Option<&str>, arguments: &[&str]) -> Ran {
    let mut command = folder.edge_auth(arguments);
    command.env_remove("EDGE_AUTH_POLICY").env_remove("PEPPER").env_remove("REVOCATION");
    command.env("EDGE_AUTH_STORE", url);
    if let Some(credential) = credential {
        command.env("EDGE_AUTH_ADMIN_CREDENTIAL", credential);
    }
    Ran::of(command)
}

/// Runs a command against the server, which must succeed, and returns its report.
fn report(folder: &Folder, server: &Server, arguments: &[&str]) -> Value {
    let ran = run(folder, server, &[&["--json"], arguments].concat());
    assert_eq!(ran.code(), 0, "{arguments:?}: {}", ran.stderr());
    ran.report()
}

/// Checks that a command prints the same at the host and on the store, as JSON and as text.
fn prints_the_same(folder: &Folder, server: &Server, arguments: &[&str]) -> Value {
    let at_host = report(folder, server, arguments);
    assert_eq!(at_host, folder.json(arguments), "{arguments:?}");
    assert_eq!(run(folder, server, arguments).stdout(), folder.run(arguments).stdout());
    at_host
}
