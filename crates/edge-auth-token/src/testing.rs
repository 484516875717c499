//! Tokens for the unit tests, signed with a shared secret.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::{
    Algorithm, DEFAULT_MAX_TOKEN_BYTES, Secret, UnverifiedToken, VerifiedToken, VerifyingKey,
};

pub(crate) const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

pub(crate) fn key() -> VerifyingKey {
    VerifyingKey::from_secret(&Secret::new(SECRET), &[Algorithm::Hs256]).unwrap()
}

/// Signs any header and payload, well-formed or not.
pub(crate) fn signed(header: &[u8], payload: &[u8]) -> String {
    let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let mac = Hmac::<Sha256>::new_from_slice(SECRET).unwrap().chain_update(&input);
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// A token with these claims and `typ`.
pub(crate) fn token(token_type: Option<&str>, claims: &Value) -> String {
    let header = match token_type {
        Some(typ) => json!({"alg": "HS256", "typ": typ}),
        None => json!({"alg": "HS256"}),
    };
    signed(header.to_string().as_bytes(), claims.to_string().as_bytes())
}

/// The same, verified.
pub(crate) fn verified(token_type: Option<&str>, claims: &Value) -> VerifiedToken {
    let token = token(token_type, claims);
    UnverifiedToken::parse(&token, DEFAULT_MAX_TOKEN_BYTES).unwrap().verify(&key()).unwrap()
}
