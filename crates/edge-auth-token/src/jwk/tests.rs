use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::*;

/// RFC 7517, appendix A.1.
fn ec() -> Value {
    json!({
        "kty": "EC", "crv": "P-256",
        "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
    })
}

fn rsa() -> Value {
    json!({"kty": "RSA", "n": URL_SAFE_NO_PAD.encode([0xff; 256]), "e": "AQAB"})
}

/// RFC 8037, appendix A.2.
fn ed25519() -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
}

fn oct(bytes: usize) -> Value {
    json!({"kty": "oct", "k": URL_SAFE_NO_PAD.encode(vec![7; bytes])})
}

/// The key with one member changed, or taken away by `null`.
fn with(mut key: Value, member: &str, value: Value) -> Value {
    let members = key.as_object_mut().unwrap();
    match value {
        Value::Null => members.remove(member),
        value => members.insert(member.to_owned(), value),
    };
    key
}

fn error(key: Value) -> KeyError {
    Jwk::new(&key).unwrap_err()
}

#[test]
fn keys_of_every_kind_are_read() {
    assert_eq!(Jwk::new(&ec()).unwrap().material.kind(), "a P-256 key");
    assert_eq!(Jwk::new(&rsa()).unwrap().material.kind(), "an RSA key");
    assert_eq!(Jwk::new(&ed25519()).unwrap().material.kind(), "an Ed25519 key");
    assert_eq!(Jwk::new(&oct(32)).unwrap().material.kind(), "a shared secret");
}

#[test]
fn members_that_a_kind_needs_are_missed() {
    for (key, members) in
        [(ec(), &["crv", "x", "y"][..]), (rsa(), &["n", "e"]), (ed25519(), &["crv", "x"]), (oct(32), &["k"])]
    {
        for &member in members.iter().chain(&["kty"]) {
            assert_eq!(error(with(key.clone(), member, json!(null))), KeyError::Missing { member });
            let found = error(with(key.clone(), member, json!(7)));
            assert_eq!(found, KeyError::IllTyped { member, wanted: "a string" });
        }
    }
}

#[test]
fn numbers_are_strict_base64url() {
    for (key, member) in
        [(ec(), "x"), (ec(), "y"), (rsa(), "n"), (rsa(), "e"), (ed25519(), "x"), (oct(32), "k")]
    {
        let text = key[member].as_str().unwrap().to_owned();
        for changed in [format!("{text}="), format!(" {text}"), format!("{text}\n"), format!("+{text}")] {
            let found = error(with(key.clone(), member, json!(changed)));
            assert!(matches!(found, KeyError::IllTyped { .. }), "{member} {changed}");
        }
    }
}

#[test]
fn a_published_private_key_is_refused_as_compromised() {
    for key in [ec(), rsa(), ed25519()] {
        for member in ["d", "p", "q", "dp", "dq", "qi", "oth"] {
            let found = error(with(key.clone(), member, json!("AQAB")));
            assert_eq!(found, KeyError::PrivateKeyPublished { member });
            assert!(found.to_string().contains("compromised"));
        }
        // Whatever else is wrong with it.
        let found = error(with(with(key, "d", json!(1)), "use", json!("enc")));
        assert_eq!(found, KeyError::PrivateKeyPublished { member: "d" });
    }
}

#[test]
fn use_must_be_for_signatures() {
    assert!(Jwk::new(&with(ec(), "use", json!("sig"))).is_ok());
    for purpose in ["enc", "SIG", "", "sig "] {
        let found = error(with(ec(), "use", json!(purpose)));
        assert!(matches!(found, KeyError::NotForSignatures { .. }), "{purpose}");
    }
    assert!(matches!(error(with(ec(), "use", json!(["sig"]))), KeyError::IllTyped { .. }));
}

#[test]
fn key_ops_must_contain_verify() {
    for operations in [json!(["verify"]), json!(["sign", "verify"]), json!(["verify", "x"])] {
        assert!(Jwk::new(&with(ec(), "key_ops", operations)).is_ok());
    }
    for operations in
        [json!([]), json!(["sign"]), json!(["encrypt"]), json!(["Verify"]), json!(["verify", "verify"])]
    {
        assert_eq!(error(with(ec(), "key_ops", operations)), KeyError::NotForVerifying);
    }
    for operations in [json!("verify"), json!({"verify": 1}), json!(["verify", 1]), json!([["verify"]])] {
        let found = error(with(ec(), "key_ops", operations));
        assert!(matches!(found, KeyError::IllTyped { member: "key_ops", .. }));
    }
}

#[test]
fn alg_must_not_contradict_the_key() {
    for (key, fits) in [
        (ec(), &["ES256"][..]),
        (rsa(), &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]),
        (ed25519(), &["EdDSA", "Ed25519"]),
        (oct(64), &["HS256", "HS384", "HS512"]),
    ] {
        for &algorithm in
            Algorithm::ASYMMETRIC.iter().chain(&[Algorithm::Hs256, Algorithm::Hs384, Algorithm::Hs512])
        {
            let found = Jwk::new(&with(key.clone(), "alg", json!(algorithm.name())));
            if fits.contains(&algorithm.name()) {
                assert_eq!(found.unwrap().algorithm(), Some(algorithm));
            } else {
                assert!(matches!(found, Err(KeyError::AlgorithmContradictsKey { .. })), "{algorithm}");
            }
        }
        for alg in ["RSA-OAEP", "ES521", "ES256K", "none", "rs256", "", "A256GCM", "dir"] {
            let found = error(with(key.clone(), "alg", json!(alg)));
            assert!(matches!(found, KeyError::AlgorithmUnknown { .. }), "{alg}");
        }
        assert!(matches!(error(with(key, "alg", json!(["ES256"]))), KeyError::IllTyped { .. }));
    }
    assert_eq!(
        Jwk::new(&with(ed25519(), "alg", json!("Ed25519"))).unwrap().algorithm(),
        Some(Algorithm::EdDsa)
    );
}

#[test]
fn a_curve_must_not_contradict_its_coordinates() {
    for (curve, wanted) in [("P-384", 48), ("P-521", 66)] {
        let found = error(with(ec(), "crv", json!(curve)));
        assert_eq!(found, KeyError::CoordinateLength { member: "x", found: 32, wanted });
    }
    for curve in ["secp256k1", "p-256", "", "Ed25519", "P-256 ", "brainpoolP256r1"] {
        assert!(matches!(
            error(with(ec(), "crv", json!(curve))),
            KeyError::Unsupported { member: "crv", .. }
        ));
    }
    for curve in ["X25519", "Ed448", "P-256", "ed25519"] {
        assert!(matches!(
            error(with(ed25519(), "crv", json!(curve))),
            KeyError::Unsupported { member: "crv", .. }
        ));
    }
}

#[test]
fn kinds_that_sign_nothing_here_are_refused() {
    for kty in ["AKP", "rsa", "ec", "OCT", "", "RSA "] {
        assert!(matches!(error(with(rsa(), "kty", json!(kty))), KeyError::Unsupported { member: "kty", .. }));
    }
    assert_eq!(error(json!([])), KeyError::NotAnObject { found: "an array" });
}

#[test]
fn a_shared_secret_is_as_long_as_its_hash() {
    for (algorithm, wanted) in [(Algorithm::Hs256, 32), (Algorithm::Hs384, 48), (Algorithm::Hs512, 64)] {
        for bytes in [0, wanted - 1] {
            let found = error(with(oct(bytes), "alg", json!(algorithm.name())));
            assert_eq!(found, KeyError::SecretTooShort { bytes, wanted, algorithm });
        }
    }
    assert!(matches!(error(oct(31)), KeyError::SecretTooShort { .. }));
}

#[test]
fn a_public_key_is_no_shared_secret() {
    let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n";
    let found = error(json!({"kty": "oct", "k": URL_SAFE_NO_PAD.encode(pem)}));
    assert!(matches!(found, KeyError::SecretIsAKey { .. }));
}

#[test]
fn a_key_identifier_is_a_bounded_string() {
    assert_eq!(Jwk::new(&with(ec(), "kid", json!("k"))).unwrap().key_id(), Some("k"));
    assert!(Jwk::new(&with(ec(), "kid", json!("k".repeat(512)))).is_ok());
    for kid in [json!("k".repeat(513)), json!(1), json!(["k"])] {
        assert!(matches!(error(with(ec(), "kid", kid)), KeyError::IllTyped { member: "kid", .. }));
    }
}

#[test]
fn a_key_read_again_is_recognised() {
    assert_eq!(Jwk::new(&ec()), Jwk::new(&with(ec(), "x5c", json!(["MII"]))));
    assert_ne!(Jwk::new(&ec()), Jwk::new(&with(ec(), "kid", json!("a"))));
    assert_ne!(Jwk::new(&ec()), Jwk::new(&with(ec(), "alg", json!("ES256"))));
    assert_ne!(Jwk::new(&oct(32)), Jwk::new(&oct(33)));
}

#[test]
fn debug_shows_no_secret() {
    let shown = format!("{:?}", Jwk::new(&oct(32)).unwrap());
    assert!(!shown.contains("7, 7") && !shown.contains("BwcH"), "{shown}");
}
