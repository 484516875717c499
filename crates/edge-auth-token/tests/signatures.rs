//! Good and forged signatures of every algorithm, with AWS-LC.

#![cfg(feature = "aws-lc-rs")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is a failed test"
)]

mod common;

use common::{ED25519, P256, P384, P521, RSA, Signer, b64, every_algorithm, verifying_key};
use edge_auth_token::{
    Algorithm, DEFAULT_MAX_TOKEN_BYTES, KeyError, PublicKey, Secret, TokenError, UnverifiedToken,
    VerifiedToken, VerifyingKey,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn verify(token: &str, key: &VerifyingKey) -> Result<VerifiedToken, TokenError> {
    UnverifiedToken::parse(token, DEFAULT_MAX_TOKEN_BYTES)?.verify(key)
}

fn key_of(signer: &Signer, allowed: &[Algorithm]) -> VerifyingKey {
    verifying_key(&signer.jwk(), allowed).unwrap()
}

fn claims() -> Value {
    json!({"iss": "https://issuer.example/", "aud": "api", "exp": 2_000_000_000})
}

/// Replaces the signature of a token.
fn with_signature(token: &str, signature: &[u8]) -> String {
    let (input, _) = token.rsplit_once('.').unwrap();
    format!("{input}.{}", b64(signature))
}

#[test]
fn every_algorithm_verifies_its_signatures_and_no_others() {
    for (algorithm, signer) in every_algorithm() {
        let key = key_of(signer, Algorithm::ASYMMETRIC);
        let token = signer.token(algorithm, &claims());
        assert_eq!(
            verify(&token, &key).unwrap().claims().issuer(),
            Some("https://issuer.example/")
        );

        let other = signer.token(algorithm, &json!({"iss": "other"}));
        let (_, signature) = other.rsplit_once('.').unwrap();
        let (input, _) = token.rsplit_once('.').unwrap();
        let swapped = format!("{input}.{signature}");
        assert_eq!(verify(&swapped, &key), Err(TokenError::SignatureInvalid), "{algorithm}");
    }
}

#[test]
fn a_signature_under_another_algorithm_of_the_key_is_refused() {
    let key = key_of(&RSA, Algorithm::ASYMMETRIC);
    for (signed, _) in every_algorithm().filter(|(_, signer)| matches!(signer, Signer::Rsa(_))) {
        for (said, _) in every_algorithm().filter(|(_, signer)| matches!(signer, Signer::Rsa(_))) {
            let token = RSA.token_with(signed, &json!({"alg": said}), &claims());
            assert_eq!(verify(&token, &key).is_ok(), signed == said, "{signed} as {said}");
        }
    }
}

#[test]
fn an_algorithm_that_is_not_allowed_is_refused() {
    for (algorithm, signer) in every_algorithm() {
        let others: Vec<_> =
            Algorithm::ASYMMETRIC.iter().copied().filter(|&other| other != algorithm).collect();
        let token = signer.token(algorithm, &claims());
        match verifying_key(&signer.jwk(), &others) {
            Ok(key) => {
                assert_eq!(verify(&token, &key), Err(TokenError::KeyDoesNotFit { algorithm }))
            }
            Err(error) => assert!(matches!(error, KeyError::NoAllowedAlgorithm { .. }), "{error}"),
        }
    }
}

#[test]
fn a_key_is_used_with_its_own_alg_only() {
    let mut jwk = RSA.jwk();
    jwk["alg"] = json!("PS256");
    let key = verifying_key(&jwk, Algorithm::ASYMMETRIC).unwrap();
    assert_eq!(key.algorithms().collect::<Vec<_>>(), [Algorithm::Ps256]);
    assert!(verify(&RSA.token(Algorithm::Ps256, &claims()), &key).is_ok());
    let token = RSA.token(Algorithm::Rs256, &claims());
    assert_eq!(
        verify(&token, &key),
        Err(TokenError::KeyDoesNotFit { algorithm: Algorithm::Rs256 })
    );
}

#[test]
fn a_public_key_is_never_an_hmac_secret() {
    use hmac::{Hmac, KeyInit, Mac};
    for signer in [&*RSA, &*P256, &*ED25519] {
        let header = b64(json!({"alg": "HS256"}).to_string());
        let input = format!("{header}.{}", b64(claims().to_string()));
        let public = signer.jwk().to_string();
        let mac =
            Hmac::<sha2::Sha256>::new_from_slice(public.as_bytes()).unwrap().chain_update(&input);
        let token = format!("{input}.{}", b64(mac.finalize().into_bytes()));
        let found = verify(&token, &key_of(signer, Algorithm::ASYMMETRIC));
        assert_eq!(found, Err(TokenError::KeyDoesNotFit { algorithm: Algorithm::Hs256 }));
        let found = VerifyingKey::from_secret(&Secret::new(public), &[Algorithm::Hs256]);
        assert!(matches!(found, Err(KeyError::SecretIsAKey { .. })));
    }
}

#[test]
fn der_signatures_are_refused() {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &P256.pkcs8()).unwrap();
    let token = P256.token(Algorithm::Es256, &claims());
    let (input, _) = token.rsplit_once('.').unwrap();
    let der = pair.sign(&SystemRandom::new(), input.as_bytes()).unwrap();
    let found =
        verify(&with_signature(&token, der.as_ref()), &key_of(&P256, Algorithm::ASYMMETRIC));
    assert_eq!(found, Err(TokenError::SignatureInvalid));
}

#[test]
fn empty_zero_and_huge_signatures_are_refused() {
    for (algorithm, signer) in every_algorithm() {
        let key = key_of(signer, Algorithm::ASYMMETRIC);
        let token = signer.token(algorithm, &claims());
        let length = signer.sign(algorithm, b"").len();
        for length in [0, 1, length / 2, length - 1, length, length + 1, 2 * length] {
            for byte in [0, 1, 0xff] {
                let found = verify(&with_signature(&token, &vec![byte; length]), &key);
                assert_eq!(found, Err(TokenError::SignatureInvalid), "{algorithm} {length} {byte}");
            }
        }
    }
}

#[test]
fn ecdsa_halves_padded_or_swapped_are_refused() {
    for (algorithm, signer) in
        [(Algorithm::Es256, &*P256), (Algorithm::Es384, &*P384), (Algorithm::Es512, &*P521)]
    {
        let key = key_of(signer, Algorithm::ASYMMETRIC);
        let token = signer.token(algorithm, &claims());
        let (input, _) = token.rsplit_once('.').unwrap();
        let signature = signer.sign(algorithm, input.as_bytes());
        assert!(verify(&with_signature(&token, &signature), &key).is_ok());
        let (r, s) = signature.split_at(signature.len() / 2);
        for forged in [
            [s, r].concat(),
            [&[0], r, &[0], s].concat(),
            [r, s, &[0]].concat(),
            [&[0], r, s].concat(),
        ] {
            assert_eq!(
                verify(&with_signature(&token, &forged), &key),
                Err(TokenError::SignatureInvalid)
            );
        }
        let zero = vec![0; r.len()];
        for forged in [[&zero, s].concat(), [r, &zero].concat()] {
            assert_eq!(
                verify(&with_signature(&token, &forged), &key),
                Err(TokenError::SignatureInvalid)
            );
        }
    }
}

#[test]
fn a_point_that_is_not_on_its_curve_is_refused() {
    for signer in [&*P256, &*P384, &*P521] {
        let mut key = signer.jwk();
        key["y"] = key["x"].clone();
        let found = verifying_key(&key, Algorithm::ASYMMETRIC).unwrap_err();
        assert_eq!(found, KeyError::RefusedByBackend);
        let zero = b64(vec![0; coordinate_bytes(signer)]);
        (key["x"], key["y"]) = (json!(zero), json!(zero));
        assert_eq!(
            verifying_key(&key, Algorithm::ASYMMETRIC).unwrap_err(),
            KeyError::RefusedByBackend
        );
    }
}

#[test]
fn an_ed25519_key_that_is_not_a_point_verifies_nothing() {
    // No point has y = 2 (RFC 8032, section 5.1.3). AWS-LC decodes the point on use, not on import.
    let mut y = [0; 32];
    y[0] = 2;
    let key = json!({"kty": "OKP", "crv": "Ed25519", "x": b64(y)});
    let key = verifying_key(&key, Algorithm::ASYMMETRIC).unwrap();
    let token = ED25519.token(Algorithm::EdDsa, &claims());
    for signature in [&[0; 64][..], &ED25519.sign(Algorithm::EdDsa, b"")] {
        assert_eq!(
            verify(&with_signature(&token, signature), &key),
            Err(TokenError::SignatureInvalid)
        );
    }
}

fn coordinate_bytes(signer: &Signer) -> usize {
    match common::jwk(&signer.jwk()).unwrap().public_key() {
        Some(PublicKey::Ec(key)) => key.curve().coordinate_bytes(),
        other => panic!("{other:?} is not an EC key"),
    }
}

/// A key for this test, with the longest accepted exponent: 2^33 - 1.
const LONG_EXPONENT_MODULUS: &str = "n1r-6QzKaiBCqwhSZKu497E1NMBvVFhTfF6gO_11gLOoj6Bx6u1tGBK76IE4_g3FnwMWnuVKyMxowCie7p6OnTMvDRbmn0PF9I-hVBpZbCPa9ErqUt_e6Pw0XjmJvyRJrAtJnu4ILeqYK8es9Wt2nLwATMdTJIUatyngu43cychX_9VuYlp0b2KVdXKPdlOjUTU9ofYsn_pGlAPgEGM8_3MyjzRPt_J-DxQXOUKUQRhoMc-fSuB49pRChbH-dNuI8EImJEXBSXeMpvQIaQMjNOMG5h5B6XKyBul9I6KNIuD7Lq1PZQaa54sN5fvHkoOGsrTkiubp0m-o6MvVDaSAKQ";
const LONG_EXPONENT_TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.e30.IKZaywIByfRJUjKxUvNNZ_S67h9qPYFiIfBm-fEDOqpXJ4ygRuug0xykozFxYO1KM7JjH62xKEioobNV75qSYcpRioQYJznBR6MiKnQP6b--6UGRCIjH6AaUG4KUsSQuDrr_S8TfgylzKJnXtYkDpw-puTP1MjIAsPlkGRjObZ6dtUEdpOIchJjK49PwtV0Tfaj03z-ue6W_NAa0ZqlCAXcL6B-H_PTsqsDJGCOw5W-9LjpYeXZStmjTeHfgfFIZkOWLr7Kk1BxQqVZdBZkVjh8hUb6_7jnWLPA5pNq9EIG7bBmSr75EnHmmSu4iU-_wKSM25TxpiNfFRu078seL_Q";

#[test]
fn the_longest_accepted_exponent_works() {
    // AWS-LC checks exponents on use: an accepted one must not fail there for its size.
    let mut jwk = json!({"kty": "RSA", "n": LONG_EXPONENT_MODULUS});
    jwk["e"] = json!(b64([1, 0xff, 0xff, 0xff, 0xff]));
    let key = verifying_key(&jwk, &[Algorithm::Rs256]).unwrap();
    assert!(verify(LONG_EXPONENT_TOKEN, &key).is_ok());
    jwk["e"] = json!(b64([3, 0xff, 0xff, 0xff, 0xff]));
    assert_eq!(verifying_key(&jwk, &[Algorithm::Rs256]).unwrap_err(), KeyError::Exponent);
}

#[test]
fn with_the_exponent_one_a_message_would_sign_itself() {
    let mut key = RSA.jwk();
    key["e"] = json!("AQ");
    assert_eq!(verifying_key(&key, &[Algorithm::Rs256]).unwrap_err(), KeyError::Exponent);
}

#[test]
fn the_same_key_serves_the_newer_name_of_eddsa() {
    let token = ED25519.token_with(Algorithm::EdDsa, &json!({"alg": "Ed25519"}), &claims());
    let verified = verify(&token, &key_of(&ED25519, Algorithm::ASYMMETRIC)).unwrap();
    assert_eq!(verified.algorithm(), Algorithm::EdDsa);
}

#[test]
fn key_material_in_the_header_is_never_used() {
    let forger = &*P384;
    for header in [
        json!({"alg": "ES384", "jwk": forger.jwk()}),
        json!({"alg": "ES384", "jku": "https://forger.example/jwks.json", "kid": "x"}),
        json!({"alg": "ES384", "x5c": ["MII"], "x5u": "https://forger.example/x.pem"}),
    ] {
        let token = forger.token_with(Algorithm::Es384, &header, &claims());
        let found = verify(&token, &key_of(&P256, Algorithm::ASYMMETRIC));
        assert_eq!(found, Err(TokenError::KeyDoesNotFit { algorithm: Algorithm::Es384 }));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_signature_with_any_bit_changed_is_refused(
        at in any::<prop::sample::Index>(),
        bit in 0..8_u8,
    ) {
        for (algorithm, signer) in every_algorithm() {
            let key = key_of(signer, &[algorithm]);
            let token = signer.token(algorithm, &claims());
            let (input, _) = token.rsplit_once('.').unwrap();
            let mut signature = signer.sign(algorithm, input.as_bytes());
            let at = at.index(signature.len());
            signature[at] ^= 1 << bit;
            let found = verify(&with_signature(&token, &signature), &key);
            prop_assert_eq!(found, Err(TokenError::SignatureInvalid));
        }
    }

    #[test]
    fn any_signature_is_refused(signature in proptest::collection::vec(any::<u8>(), 0..300)) {
        for (algorithm, signer) in every_algorithm() {
            let token = signer.token(algorithm, &claims());
            let found = verify(&with_signature(&token, &signature), &key_of(signer, &[algorithm]));
            prop_assert_eq!(found, Err(TokenError::SignatureInvalid));
        }
    }
}
