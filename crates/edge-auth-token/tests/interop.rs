//! Tokens of another library are verified.

#![cfg(feature = "aws-lc-rs")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic is a failed test")]

mod common;

use std::str::FromStr;

use common::{Signer, every_algorithm, verifying_key};
use edge_auth_token::{Algorithm, DEFAULT_MAX_TOKEN_BYTES, Secret, UnverifiedToken, VerifyingKey};
use jsonwebtoken::{EncodingKey, Header};
use serde_json::json;

fn made_elsewhere(algorithm: Algorithm, key: &EncodingKey) -> String {
    let mut header = Header::new(jsonwebtoken::Algorithm::from_str(algorithm.name()).unwrap());
    header.typ = Some("at+jwt".to_owned());
    jsonwebtoken::encode(&header, &json!({"iss": "i", "exp": 9}), key).unwrap()
}

#[test]
fn tokens_signed_by_jsonwebtoken_are_verified() {
    for (algorithm, signer) in every_algorithm() {
        if algorithm == Algorithm::Es512 {
            // jsonwebtoken does not support it.
            continue;
        }
        let der = signer.pkcs8();
        let key = match signer {
            // The PKCS#1 key inside the PKCS#8 document.
            Signer::Rsa(_) => EncodingKey::from_rsa_der(&der[26..]),
            Signer::Ec(..) => EncodingKey::from_ec_der(&der),
            Signer::Ed25519(_) => EncodingKey::from_ed_der(&der),
        };
        let token = made_elsewhere(algorithm, &key);
        let key = verifying_key(&signer.jwk(), Algorithm::ASYMMETRIC).unwrap();
        let token = UnverifiedToken::parse(&token, DEFAULT_MAX_TOKEN_BYTES).unwrap();
        assert_eq!(token.verify(&key).unwrap().claims().issuer(), Some("i"), "{algorithm}");
    }
    let secret = [7; 64];
    for algorithm in [Algorithm::Hs256, Algorithm::Hs384, Algorithm::Hs512] {
        let token = made_elsewhere(algorithm, &EncodingKey::from_secret(&secret));
        let key = VerifyingKey::from_secret(&Secret::new(secret), &[algorithm]).unwrap();
        let token = UnverifiedToken::parse(&token, DEFAULT_MAX_TOKEN_BYTES).unwrap();
        assert!(token.verify(&key).is_ok(), "{algorithm}");
    }
}
