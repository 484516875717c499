//! The policy, the credentials, and the files for hosts.

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use edge_auth::Policy;
use edge_auth::bootstrap_secret::bootstrap_hash;
use edge_auth::policy::Format;
use edge_auth::revocation::RevocationSecrets;
use edge_auth_testkit::certificates::{Authority, AuthorityPlan, ClientPlan};
use edge_auth_testkit::mint::{Signer, TestKey, compact};
use edge_auth_testkit::platform::MapSecretProvider;
use edge_auth_token::{Secret, Timestamp};
use serde_json::json;

use crate::Result;

pub(crate) const ISSUER: &str = "https://login.example.com/";
pub(crate) const BOOTSTRAP: &str = "edge-auth-admin_for-a-measurement-on-loopback-and-nowhere-else";
/// The values of the policy's secrets, on every host.
pub(super) const SECRETS: [(&str, &str); 2] = [
    ("REVOCATION", "a secret of at least thirty-two bytes, for a measurement"),
    ("PEPPER", "a pepper of at least thirty-two bytes"),
];

/// Writes the policy, its files, and a certificate for each round in the form of RFC 9440.
pub(super) fn mint(folder: &Path, rounds: usize) -> Result<()> {
    fs::create_dir_all(folder)?;
    let authority = Authority::root(&AuthorityPlan::named("Devices CA"));
    let mut certificates = Vec::new();
    for round in 0..rounds {
        let plan = ClientPlan::with_uri(&format!("spiffe://example.com/{round}"));
        let client = authority.issue(&plan);
        let der = STANDARD.encode(client.certificate());
        let digits: String = client.thumbprint().iter().map(|byte| format!("{byte:02x}")).collect();
        certificates.push(json!({ "field": format!(":{der}:"), "fingerprint": digits }));
    }
    fs::write(folder.join("certificates.json"), serde_json::to_vec(&certificates)?)?;
    fs::write(folder.join("policy.toml"), policy_text())?;
    fs::write(folder.join("ca.pem"), authority.pem())?;
    fs::write(folder.join("jwks.json"), jwks()?)?;
    Ok(())
}

fn policy_text() -> String {
    include_str!("policy.toml").replace("HASH", &bootstrap_hash(&Secret::new(BOOTSTRAP)))
}

fn jwks() -> Result<String> {
    let key = TestKey::named("ed25519").ok_or("no such key")?;
    Ok(json!({ "keys": [key.jwk()] }).to_string())
}

/// Parses the policy, with or without its feed.
pub(super) fn policy(feed: bool) -> Result<Policy> {
    let text = policy_text();
    let text = if feed { text } else { text.replace("secret = \"REVOCATION\"", "") };
    Ok(Policy::parse(&text, Format::Toml, "policy.toml")?)
}

pub(super) fn secret_provider() -> Result<MapSecretProvider> {
    let mut secret_provider = MapSecretProvider::default();
    let secrets = SECRETS.map(|(name, value)| (name.to_owned(), value.to_owned()));
    secret_provider.secrets.extend(secrets);
    let authority = Authority::root(&AuthorityPlan::named("Devices CA"));
    secret_provider.files.insert("ca.pem".to_owned(), authority.pem().into_bytes());
    secret_provider.files.insert("jwks.json".to_owned(), jwks()?.into_bytes());
    Ok(secret_provider)
}

pub(super) fn secrets() -> Result<RevocationSecrets> {
    Ok(policy(true)?.revocation_secrets(&secret_provider()?)?.ok_or("no feed")?)
}

/// Mints a token with this `jti`.
pub(super) fn token(id: &str, now: Timestamp) -> Result<String> {
    let key = TestKey::named("ed25519").ok_or("no such key")?;
    let header = json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": "ed25519" });
    let claims = json!({
        "iss": ISSUER,
        "aud": "https://api.example.com",
        "sub": "alice",
        "client_id": "app",
        "sid": "session",
        "jti": id,
        "iat": now.seconds(),
        "exp": now.seconds() + 3000,
    });
    Ok(compact(
        header.to_string().as_bytes(),
        claims.to_string().as_bytes(),
        &Signer::Key(key, key.algorithm),
    ))
}

pub(super) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
