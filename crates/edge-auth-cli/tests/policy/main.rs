//! `policy check`, `build`, `explain` and `test`, as scripts use them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a panic is a failed test"
)]

mod administration;
mod build;
mod cases;
mod check;
#[path = "../common/mod.rs"]
mod common;
mod explain;

use common::Folder;
use serde_json::Value;

const POLICY: &str = r#"
[[issuer]]
name = "corp"
issuer = "https://login.example.com/"
audience = "https://api.example.com"
keys = { discover = true }
algorithms = ["ES256"]

[[api_key]]
name = "partners"
prefix = "acme"
pepper = "PEPPER"

[[rule]]
name = "health"
path = "/health"
public = true

[[rule]]
name = "orders"
path = "/orders/{id}"
methods = ["GET"]
require = { any = ["jwt:corp", "key:partners"] }
scopes = ["orders:read"]
"#;

const CERTIFICATES: &str = r#"
[[issuer]]
name = "corp"
issuer = "https://login.example.com/"
audience = "https://api.example.com"
keys = { secret = "PEPPER" }

[[client_cert]]
name = "agents"
source = "tls"
identity = { san_uri = "spiffe://example.com/*" }

[[client_cert]]
name = "people"
source = "cloudflare"
issuer_dn = "CN=People CA"
identity = { san_email = "*@example.com" }

[[rule]]
name = "machines"
path = "/machines"
require = { any = ["cert:agents", "cert:people"] }

[[rule]]
name = "bound"
path = "/bound"
require = "jwt:corp"
certificate_bound = true
"#;

#[test]
fn usage_errors_are_reported_in_the_requested_format() {
    let folder = Folder::with_policy(POLICY);
    for arguments in [
        &["--json", "frob"][..],
        &["policy", "check", "--json", "--frob"],
        &["--json", "serve", "--listen"],
    ] {
        let ran = folder.run(arguments);
        let error: Value = serde_json::from_str(&ran.stderr()).unwrap_or_default();
        assert_eq!((ran.code(), &error["error"]["code"]), (2, &"usage".into()), "{}", ran.stderr());
    }
    let plain = folder.run(&["frob"]);
    assert_eq!(
        (plain.code(), plain.stderr().contains("the command is unknown")),
        (2, true),
        "{}",
        plain.stderr()
    );
    let help = folder.run(&["--json", "policy", "--help"]);
    assert_eq!((help.code(), help.stdout().contains("Usage")), (0, true), "{}", help.stderr());
}

#[test]
fn a_missing_file_is_named_and_exits_with_3() {
    let ran = Folder::with_policy("").run(&["policy", "check", "nowhere.toml"]);
    assert_eq!((ran.code(), ran.stderr().contains("nowhere.toml")), (3, true));
}
