//! Fuzzes a JWK set: its keys are never weak, and agree with the document.

#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use edge_auth_token::{Algorithm, AwsLcRs, Jwk, JwkSet, PublicKey, UnverifiedToken, VerifyingKey};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

const SYMMETRIC: [Algorithm; 3] = [Algorithm::Hs256, Algorithm::Hs384, Algorithm::Hs512];

fuzz_target!(|bytes: &[u8]| {
    let Ok(set) = JwkSet::parse(bytes) else { return };
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let document: Value = serde_json::from_slice(bytes).expect("JSON");
    let entries = document.get("keys").and_then(Value::as_array).expect("a set");
    assert!(entries.len() <= JwkSet::MAX_KEYS);
    assert!(set.skipped.iter().is_sorted_by(|one, next| one.index < next.index));

    // Each key is the same in a set of its own. A repeated key counts once.
    let mut alone: Vec<(Jwk, &Value)> = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        if set.skipped.iter().any(|skipped| skipped.index == index) {
            continue;
        }
        let mut set =
            JwkSet::parse(json!({ "keys": [entry] }).to_string().as_bytes()).expect("a set");
        let key = set.keys.pop().expect("a key");
        if alone.iter().all(|(known, _)| *known != key) {
            alone.push((key, entry));
        }
    }
    assert!(alone.iter().map(|(key, _)| key).eq(&set.keys));
    for (key, entry) in &alone {
        assert_eq!(entry.get("kid").and_then(Value::as_str), key.key_id());
        match key.public_key() {
            Some(public) => {
                let nothing = [Value::Null, json!(""), json!([]), json!({})];
                assert!(entry.get("d").is_none_or(|d| nothing.contains(d)), "a private key");
                is_written_back(key, public);
            }
            // A shared secret has no private part `d` (RFC 7518, section 6.4).
            None => assert_eq!(entry.get("kty"), Some(&"oct".into())),
        }
        verifies_no_junk(key);
    }
});

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Checks that a public key, written as a JWK again, is the same key.
fn is_written_back(key: &Jwk, public: &PublicKey) {
    let mut entry = match public {
        PublicKey::Rsa(rsa) => {
            assert!((256..=1024).contains(&rsa.modulus().len()), "2048 to 8192 bits");
            assert_eq!(rsa.modulus().last().map(|last| last & 1), Some(1));
            assert!(
                rsa.exponent() != [1] && rsa.exponent().last().is_some_and(|last| last & 1 == 1)
            );
            json!({"kty": "RSA", "n": text(rsa.modulus()), "e": text(rsa.exponent())})
        }
        PublicKey::Ec(ec) => {
            let point = ec.to_uncompressed();
            let (x, y) = point[1..].split_at(point.len() / 2);
            let curve = match x.len() {
                32 => "P-256",
                48 => "P-384",
                _ => "P-521",
            };
            json!({"kty": "EC", "crv": curve, "x": text(x), "y": text(y)})
        }
        PublicKey::Ed25519(ed) => json!({"kty": "OKP", "crv": "Ed25519", "x": text(ed.as_bytes())}),
    };
    if let Some(kid) = key.key_id() {
        entry["kid"] = kid.into();
    }
    if let Some(algorithm) = key.algorithm() {
        entry["alg"] = algorithm.name().into();
    }
    let again = JwkSet::parse(json!({ "keys": [entry] }).to_string().as_bytes()).expect("a set");
    assert_eq!(again.keys.first(), Some(key));
}

fn verifies_no_junk(key: &Jwk) {
    for allowed in [Algorithm::ASYMMETRIC, &SYMMETRIC] {
        let Ok(verifying) = VerifyingKey::from_jwk(key, allowed, &AwsLcRs) else { continue };
        for algorithm in verifying.algorithms() {
            assert!(allowed.contains(&algorithm));
            assert!(key.algorithm().is_none_or(|own| own == algorithm));
            let header = URL_SAFE_NO_PAD.encode(json!({ "alg": algorithm.name() }).to_string());
            for signature in [&[0; 64][..], &[1; 64], &[0xff; 256]] {
                let token = format!("{header}.e30.{}", URL_SAFE_NO_PAD.encode(signature));
                let token = UnverifiedToken::parse(&token, 8192).expect("a token");
                assert!(token.verify(&verifying).is_err());
            }
        }
    }
}
