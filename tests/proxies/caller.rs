//! Callers, and what they present.

use std::time::{SystemTime, UNIX_EPOCH};

use edge_auth_testkit::mint::{Signer, TestKey, compact};
use edge_auth_token::Algorithm;
use serde_json::{Value, json};

/// The public keys of `corp`.
pub(crate) fn jwks() -> String {
    json!({ "keys": [TestKey::named("p256").expect("a key of the kit").jwk()] }).to_string()
}

/// A token of `corp` for alice, who reads orders, with `changes` made to its claims.
pub(crate) fn token(changes: Value) -> String {
    signed_by("p256", json!({ "alg": "ES256", "typ": "at+jwt", "kid": "p256" }), changes)
}

/// One that is signed by a key of the kit, whatever its header says.
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
        claims[name] = value.clone();
    }
    let key = TestKey::named(key).expect("a key of the kit");
    let signer = Signer::Key(key, Algorithm::Es256);
    compact(header.to_string().as_bytes(), claims.to_string().as_bytes(), &signer)
}

/// `Authorization`.
pub(crate) fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs()
}
