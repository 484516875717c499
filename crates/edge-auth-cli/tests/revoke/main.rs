//! Revoking by the command, in another process than the servers that refuse.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is a failed test"
)]

#[path = "../common/mod.rs"]
mod common;
mod log;
mod lost_store;
mod targets;
mod wait;

use std::time::{SystemTime, UNIX_EPOCH};

use common::Folder;
use edge_auth_testkit::certificates::{Authority, AuthorityPlan};
use edge_auth_testkit::mint::{Signer, TestKey, compact};
use serde_json::{Value, json};

/// One secret serves both purposes: the keys derived from it differ.
const POLICY: &str = r#"
[revocation]
bound = "10s"
secret = "PEPPER"

[[issuer]]
name = "corp"
issuer = "https://login.example.com/"
audience = "https://api.example.com"
keys = { jwks_file = "jwks.json" }
max_lifetime = "2h"

[[api_key]]
name = "partners"
prefix = "acme"
pepper = "PEPPER"

[[client_cert]]
name = "devices"
source = "rfc9440"
ca_file = "ca.pem"
identity = "fingerprint"

[[rule]]
path = "/orders"
require = { any = ["jwt:corp", "key:partners", "cert:devices"] }
"#;

/// A folder with a policy, its files and an empty store.
fn folder() -> (Folder, Authority) {
    let (folder, authority) = without_store();
    folder.json(&["store", "init"]);
    (folder, authority)
}

fn without_store() -> (Folder, Authority) {
    let folder = Folder::with_policy(POLICY);
    let authority = Authority::root(&AuthorityPlan::named("Devices CA"));
    folder.write("ca.pem", &authority.pem());
    folder.write(
        "jwks.json",
        &json!({ "keys": [TestKey::named("p256").unwrap().jwk()] }).to_string(),
    );
    (folder, authority)
}

fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn token(id: &str) -> String {
    let key = TestKey::named("p256").unwrap();
    let header = json!({ "alg": "ES256", "typ": "at+jwt", "kid": "p256" });
    let claims = json!({
        "iss": "https://login.example.com/",
        "aud": "https://api.example.com",
        "sub": "alice",
        "jti": id,
        "iat": seconds(),
        "exp": seconds() + 3600,
    });
    compact(
        header.to_string().as_bytes(),
        claims.to_string().as_bytes(),
        &Signer::Key(key, key.algorithm),
    )
}

/// The arguments that make a command wait until these servers refuse this header field.
fn probing(servers: &[common::Server], path: &str, field: &str) -> Vec<String> {
    let probes = servers
        .iter()
        .flat_map(|server| ["--probe".to_owned(), format!("http://{}{path}", server.address)]);
    ["--wait".to_owned()]
        .into_iter()
        .chain(probes)
        .chain(["--header".to_owned(), field.to_owned()])
        .collect()
}

fn refused_by_all(report: &Value, count: usize) {
    let probes = report["waited"]["probes"].as_array().unwrap();
    assert_eq!(probes.len(), count, "{report}");
    assert!(probes.iter().all(|probe| probe["refused_after_seconds"].is_number()), "{report}");
}
