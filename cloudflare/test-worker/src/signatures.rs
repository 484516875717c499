//! Verifies signatures by the runtime's cryptography, for test vectors that the caller sends.

use std::cell::RefCell;

use edge_auth_cloudflare::NodeCrypto;
use edge_auth_token::{Algorithm, JwkSet, UnverifiedJws, VerifyingKey};
use wasm_bindgen::prelude::wasm_bindgen;

thread_local! {
    static KEYS: RefCell<Vec<VerifyingKey>> = const { RefCell::new(Vec::new()) };
}

/// Imports the first key of a JWK set for this algorithm. Returns the key's number, or why it is
/// refused.
#[wasm_bindgen(js_name = importKey)]
pub fn import_key(jwks: &str, algorithm: &str) -> Result<usize, String> {
    let algorithm: Algorithm = algorithm.parse().map_err(|error| format!("{error:?}"))?;
    let set = JwkSet::parse(jwks.as_bytes()).map_err(|error| error.to_string())?;
    let jwk = set.keys.first().ok_or("no key of the set is usable")?;
    let key = VerifyingKey::from_jwk(jwk, &[algorithm], &NodeCrypto)
        .map_err(|error| error.to_string())?;
    Ok(KEYS.with_borrow_mut(|keys| {
        keys.push(key);
        keys.len() - 1
    }))
}

/// Returns whether an imported key verifies the JWS.
#[wasm_bindgen(js_name = verifyJws)]
pub fn verify_jws(key: usize, jws: &str) -> bool {
    let Ok(jws) = UnverifiedJws::parse(jws, 1024 * 1024) else { return false };
    KEYS.with_borrow(|keys| keys.get(key).is_some_and(|key| jws.verify(key).is_ok()))
}
