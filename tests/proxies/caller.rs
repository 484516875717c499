//! Callers and their credentials.

use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use edge_auth_testkit::certificates::{Authority, AuthorityPlan, ClientPlan};
use edge_auth_testkit::mint::{Signer, TestKey, compact};
use edge_auth_token::Algorithm;
use serde_json::{Value, json};

/// Returns the public keys of `corp`.
pub(crate) fn jwks() -> String {
    json!({ "keys": [TestKey::named("p256").expect("a key of the kit").jwk()] }).to_string()
}

/// Mints a token of `corp` for alice, who reads orders. `changes` replace claims, and `null`
/// removes one.
pub(crate) fn token(changes: Value) -> String {
    signed_by("p256", json!({ "alg": "ES256", "typ": "at+jwt", "kid": "p256" }), changes)
}

/// Mints a token that this test key signs, whatever its header says.
pub(crate) fn signed_by(key: &str, header: Value, changes: Value) -> String {
    let mut claims = json!({
        "iss": "https://login.example.com/",
        "aud": "https://api.example.com",
        "sub": "alice",
        "client_id": "app",
        "scope": "orders:read",
        "exp": now() + 600,
    });
    for (name, value) in changes.as_object().into_iter().flatten() {
        match value {
            Value::Null => drop(claims.as_object_mut().and_then(|claims| claims.remove(name))),
            value => claims[name] = value.clone(),
        }
    }
    let key = TestKey::named(key).expect("a key of the kit");
    let signer = Signer::Key(key, Algorithm::Es256);
    compact(header.to_string().as_bytes(), claims.to_string().as_bytes(), &signer)
}

/// Returns the value of `Authorization` for a token.
pub(crate) fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// Returns the seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs()
}

/// The authority of `agents`, and the certificate of a client.
pub(crate) struct Agents {
    /// The authority's certificate as PEM.
    pub(crate) authority: String,
    /// The client's certificate as a value of `Client-Cert` (RFC 9440).
    pub(crate) field: String,
}

pub(crate) fn agents() -> &'static Agents {
    static AGENTS: OnceLock<Agents> = OnceLock::new();
    AGENTS.get_or_init(|| {
        let authority = Authority::root(&AuthorityPlan::named("agents"));
        let uris = vec!["spiffe://example.com/agent".to_owned()];
        let client = authority.issue(&ClientPlan { uris, ..ClientPlan::default() });
        let field = format!(":{}:", STANDARD.encode(client.certificate()));
        Agents { authority: authority.pem(), field }
    })
}
