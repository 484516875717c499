//! Fuzzes a token in compact serialisation: the input itself, and a header and claims of the input
//! that this target encodes and signs.

#![no_main]

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use edge_auth_token::{
    Algorithm, Audience, DEFAULT_MAX_TOKEN_BYTES, Secret, Timestamp, TokenError, TokenType,
    UnverifiedToken, Validation, VerifyingKey,
};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const SECRET: &[u8] = b"a secret that no seed was signed with, 32 bytes or more";
const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fuzz_target!(|input: &str| {
    as_it_is(input);
    if let Some((header, claims)) = input.split_once('\n') {
        signed(header, claims);
    }
});

fn as_it_is(text: &str) {
    let Ok(token) = UnverifiedToken::parse(text, DEFAULT_MAX_TOKEN_BYTES) else { return };
    has_one_spelling(text);
    // The fuzzer does not have the secret.
    let verified = token.verify(&key());
    assert!(verified.is_err(), "a forgery");
}

fn signed(header: &str, claims: &str) {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let mut code = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET), message.as_bytes())
        .as_ref()
        .to_vec();
    let text = format!("{message}.{}", URL_SAFE_NO_PAD.encode(&code));
    let Ok(token) = UnverifiedToken::parse(&text, DEFAULT_MAX_TOKEN_BYTES) else { return };
    has_one_spelling(&text);
    says_what_serde_json_reads(&token, header, claims);
    let algorithm = token.algorithm();
    match token.verify(&key()) {
        Ok(token) => {
            assert_eq!(algorithm, Algorithm::Hs256);
            let claims: Value = serde_json::from_str(claims).expect("it was read before");
            if expected().check(&token, NOW).is_ok() {
                is_what_is_expected(&token, &claims);
            }
        }
        Err(TokenError::KeyDoesNotFit { .. }) => assert_ne!(algorithm, Algorithm::Hs256),
        Err(error) => panic!("a good signature: {error}"),
    }
    // A flipped bit makes the signature invalid.
    let at = message.len() % code.len();
    code[at] ^= 1 << (message.len() % 8);
    let text = format!("{message}.{}", URL_SAFE_NO_PAD.encode(&code));
    let token = UnverifiedToken::parse(&text, DEFAULT_MAX_TOKEN_BYTES).expect("as before");
    assert!(token.verify(&key()).is_err());
}

/// Checks that an accepted text has one spelling only.
fn has_one_spelling(text: &str) {
    let parts: Vec<&str> = text.split('.').collect();
    assert_eq!(parts.len(), 3);
    for part in parts {
        let bytes = URL_SAFE_NO_PAD.decode(part).expect("base64url");
        assert_eq!(URL_SAFE_NO_PAD.encode(bytes), part);
    }
}

fn says_what_serde_json_reads(token: &UnverifiedToken<'_>, header: &str, claims: &str) {
    let header: Value = serde_json::from_str(header).expect("JSON");
    let claims: Value = serde_json::from_str(claims).expect("JSON");
    assert_eq!(header.get("alg").and_then(Value::as_str), Some(token.algorithm().name()));
    assert_eq!(header.get("kid").and_then(Value::as_str), token.key_id());
    assert_eq!(header.get("typ").and_then(Value::as_str), token.token_type());
    assert_eq!(claims.get("iss").and_then(Value::as_str), token.issuer());
    for refused in ["crit", "b64", "enc", "zip"] {
        assert!(header.get(refused).is_none(), "{refused}");
    }
}

fn is_what_is_expected(token: &edge_auth_token::VerifiedToken, claims: &Value) {
    assert_eq!(claims.get("iss"), Some(&"i".into()));
    let audience = claims.get("aud").expect("mandatory");
    let listed = audience.as_array().is_some_and(|list| list.iter().any(|value| value == "a"));
    assert!(audience == "a" || listed);
    assert!(token.token_type().is_some_and(|typ| typ.to_ascii_lowercase().ends_with("at+jwt")));
    let expires = claims.get("exp").and_then(Value::as_f64).expect("mandatory");
    assert!(expires > NOW.seconds() as f64);
    for time in ["nbf", "iat"] {
        let time = claims
            .get(time)
            .filter(|time| !time.is_null())
            .map_or(0.0, |time| time.as_f64().expect("a number"));
        assert!(time <= NOW.seconds() as f64);
    }
}

fn key() -> VerifyingKey {
    VerifyingKey::from_secret(&Secret::new(SECRET), &[Algorithm::Hs256]).expect("a good key")
}

fn expected() -> Validation {
    Validation {
        issuer: "i".to_owned(),
        audience: Audience::AnyOf {
            claim: edge_auth_token::ClaimPath::name("aud"),
            values: vec!["a".to_owned()],
        },
        token_type: TokenType::Exactly("at+jwt".to_owned()),
        max_lifetime: None,
        clock_skew: Duration::ZERO,
    }
}
