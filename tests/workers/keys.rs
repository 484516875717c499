//! A policy with API keys, and keys in a ledger.

use std::path::Path;

use edge_auth::policy::Format;
use edge_auth::{Policy, SecretProvider};
use edge_auth_control::{CreateKeyRequest, KeyService};
use edge_auth_testkit::randomness::SeededRandomness;
use edge_auth_token::{Secret, Timestamp};
use futures::executor::block_on;

use crate::driver::Driver;
use crate::durable_object::RevocationLedger;

pub(crate) const PEPPER: &str = "a pepper of at least thirty-two bytes, for tests";

/// Keys open everything below `/orders`. `/public` is public, and `/socket` may upgrade.
pub(crate) const POLICY: &str = r#"
[forward_auth]
proxy = "traefik"

[[api_key]]
name = "partners"
prefix = "acme"
pepper = "PEPPER"

[[rule]]
path = "/orders/{*rest}"
require = "key:partners"

[[rule]]
path = "/public"
public = true

[[rule]]
path = "/socket"
require = "key:partners"
upgrade = true
"#;

/// Returns the policy with a revocation feed that is read at this interval.
pub(crate) fn revoking(interval: &str) -> String {
    format!(
        "{POLICY}\n[revocation]\nbound = \"1h\"\ninterval = \"{interval}\"\nsecret = \"REVOCATION\"\n"
    )
}

/// Switches the administration on, for the bootstrap secret.
pub(crate) const ADMIN: &str = r#"
[admin]
bootstrap_hash = "sha256:bada3b8d3eed2e9a14c520f9dc56d8d7cab6e2db46734c2d20027b76ec099191"
"#;
pub(crate) const BOOTSTRAP: &str =
    "Bearer edge-auth-admin_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

pub(crate) const REVOCATION: &str = "a secret of at least thirty-two bytes, for tests";

struct Secrets;

impl SecretProvider for Secrets {
    fn secret(&self, name: &str) -> Result<Secret, String> {
        if name == "PEPPER" { Ok(Secret::new(PEPPER)) } else { Err(format!("no secret {name}")) }
    }

    fn file(&self, path: &Path) -> Result<Vec<u8>, String> {
        Err(format!("no file {}", path.display()))
    }
}

/// Creates a key in the ledger of the Worker `control`.
pub(crate) fn made(driver: &Driver) -> String {
    made_by(driver, "control", 7)
}

/// Creates a key in the ledger of this Worker.
pub(crate) fn made_by(driver: &Driver, worker: &'static str, seed: u64) -> String {
    let policy = Policy::parse(POLICY, Format::Toml, "policy.toml").unwrap();
    let ledger = RevocationLedger { driver, worker };
    let registry = KeyService::new(&policy, &Secrets, &ledger).unwrap();
    let wish = CreateKeyRequest {
        block: "partners".to_owned(),
        all_scopes: true,
        never_expires: true,
        ..CreateKeyRequest::default()
    };
    let now = Timestamp::from_seconds(1_790_000_000);
    let (_, text) = block_on(registry.create(wish, &SeededRandomness::new(seed), now)).unwrap();
    text.expose().to_owned()
}

/// Returns a forgery with the form and checksum of a key, but with the tag of another pepper.
pub(crate) fn forged(key: &str) -> String {
    let last = key.len() - 6;
    let (body, _) = key.split_at(last);
    let fields: Vec<&str> = body.split('_').collect();
    let (random, tag) = fields[2].split_at(12);
    let other: String = tag.chars().map(|char| if char == 'A' { 'B' } else { 'A' }).collect();
    let body = format!("{}_{}_{random}{other}_{}", fields[0], fields[1], fields[3]);
    format!("{body}{}", edge_auth_testkit::scenario::checksum(&body))
}
