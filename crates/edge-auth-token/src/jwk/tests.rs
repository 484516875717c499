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

fn parse(key: &Value) -> Result<Jwk, KeyError> {
    Jwk::new(key, KeyUse::Signatures)
}

fn error(key: Value) -> KeyError {
    parse(&key).unwrap_err()
}

#[test]
fn keys_of_every_kind_are_read() {
    assert_eq!(parse(&ec()).unwrap().material.kind(), "a P-256 key");
    assert_eq!(parse(&rsa()).unwrap().material.kind(), "an RSA key");
    assert_eq!(parse(&ed25519()).unwrap().material.kind(), "an Ed25519 key");
    assert_eq!(parse(&oct(32)).unwrap().material.kind(), "a shared secret");
}

#[test]
fn missing_members_are_reported() {
    for (key, members) in [
        (ec(), &["crv", "x", "y"][..]),
        (rsa(), &["n", "e"]),
        (ed25519(), &["crv", "x"]),
        (oct(32), &["k"]),
    ] {
        for &member in members.iter().chain(&["kty"]) {
            assert_eq!(error(with(key.clone(), member, json!(null))), KeyError::Missing { member });
            let found = error(with(key.clone(), member, json!(7)));
            assert_eq!(found, KeyError::IllTyped { member, wanted: "a string" });
        }
    }
}

#[test]
fn numbers_are_base64url_with_or_without_padding() {
    for (key, member) in
        [(ec(), "x"), (ec(), "y"), (rsa(), "n"), (rsa(), "e"), (ed25519(), "x"), (oct(32), "k")]
    {
        let text = key[member].as_str().unwrap().to_owned();
        for padded in [format!("{text}="), format!("{text}==")] {
            assert_eq!(
                parse(&with(key.clone(), member, json!(padded))),
                parse(&key),
                "{member} {padded}"
            );
        }
        for changed in
            [format!("{text}==="), format!(" {text}"), format!("{text}\n"), format!("+{text}")]
        {
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
        // The private part counts, even if other members are bad, too.
        let found = error(with(with(key, "d", json!(1)), "use", json!("enc")));
        assert_eq!(found, KeyError::PrivateKeyPublished { member: "d" });
    }
}

#[test]
fn use_must_be_for_signatures() {
    assert!(parse(&with(ec(), "use", json!("sig"))).is_ok());
    for purpose in ["enc", "SIG", "sig ", "jwt-svid", "x509-svid"] {
        let found = error(with(ec(), "use", json!(purpose)));
        assert!(matches!(found, KeyError::NotForSignatures { .. }), "{purpose}");
    }
    assert!(matches!(error(with(ec(), "use", json!(["sig"]))), KeyError::IllTyped { .. }));
}

#[test]
fn key_ops_must_contain_verify() {
    for operations in [json!(["verify"]), json!(["sign", "verify"]), json!(["verify", "x"])] {
        assert!(parse(&with(ec(), "key_ops", operations)).is_ok());
    }
    for operations in
        [json!(["sign"]), json!(["encrypt"]), json!(["Verify"]), json!(["verify", "verify"])]
    {
        assert_eq!(error(with(ec(), "key_ops", operations)), KeyError::NotForVerifying);
    }
    for operations in
        [json!("verify"), json!({"verify": 1}), json!(["verify", 1]), json!([["verify"]])]
    {
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
        for &algorithm in Algorithm::ASYMMETRIC.iter().chain(&[
            Algorithm::Hs256,
            Algorithm::Hs384,
            Algorithm::Hs512,
        ]) {
            let found = parse(&with(key.clone(), "alg", json!(algorithm.name())));
            if fits.contains(&algorithm.name()) {
                assert_eq!(found.unwrap().algorithm(), Some(algorithm));
            } else {
                assert!(
                    matches!(found, Err(KeyError::AlgorithmContradictsKey { .. })),
                    "{algorithm}"
                );
            }
        }
        for alg in ["RSA-OAEP", "ES521", "ES256K", "none", "rs256", "A256GCM", "dir"] {
            let found = error(with(key.clone(), "alg", json!(alg)));
            assert!(matches!(found, KeyError::AlgorithmUnknown { .. }), "{alg}");
        }
        assert!(matches!(error(with(key, "alg", json!(["ES256"]))), KeyError::IllTyped { .. }));
    }
    assert_eq!(
        parse(&with(ed25519(), "alg", json!("Ed25519"))).unwrap().algorithm(),
        Some(Algorithm::EdDsa)
    );
}

#[test]
fn a_curve_must_not_contradict_its_coordinates() {
    for (member, other) in [("x", "y"), ("y", "x")] {
        let long = URL_SAFE_NO_PAD.encode([7; 33]);
        let found = error(with(ec(), member, json!(long)));
        assert_eq!(found, KeyError::CoordinateLength { member, found: 33, wanted: 32 }, "{other}");
    }
    for curve in ["secp256k1", "p-256", "Ed25519", "P-256 ", "brainpoolP256r1"] {
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
fn unsupported_kinds_are_refused() {
    for kty in ["AKP", "rsa", "ec", "OCT", "RSA "] {
        assert!(matches!(
            error(with(rsa(), "kty", json!(kty))),
            KeyError::Unsupported { member: "kty", .. }
        ));
    }
    assert_eq!(error(json!([])), KeyError::NotAnObject { found: "an array" });
}

#[test]
fn a_shared_secret_is_as_long_as_its_hash() {
    for (algorithm, wanted) in
        [(Algorithm::Hs256, 32), (Algorithm::Hs384, 48), (Algorithm::Hs512, 64)]
    {
        for bytes in [1, wanted - 1] {
            let found = error(with(oct(bytes), "alg", json!(algorithm.name())));
            assert_eq!(found, KeyError::SecretTooShort { bytes, wanted, algorithm });
        }
    }
    assert!(matches!(error(oct(31)), KeyError::SecretTooShort { .. }));
}

#[test]
fn a_public_key_is_refused_as_a_shared_secret() {
    let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n";
    let found = error(json!({"kty": "oct", "k": URL_SAFE_NO_PAD.encode(pem)}));
    assert!(matches!(found, KeyError::SecretIsAKey { .. }));
}

#[test]
fn a_key_identifier_is_a_bounded_string() {
    assert_eq!(parse(&with(ec(), "kid", json!("k"))).unwrap().key_id(), Some("k"));
    assert!(parse(&with(ec(), "kid", json!("k".repeat(512)))).is_ok());
    for kid in [json!("k".repeat(513)), json!(1), json!(["k"])] {
        assert!(matches!(error(with(ec(), "kid", kid)), KeyError::IllTyped { member: "kid", .. }));
    }
}

#[test]
fn a_key_that_is_parsed_again_is_equal() {
    assert_eq!(parse(&ec()), parse(&with(ec(), "x5c", json!(["MII"]))));
    assert_ne!(parse(&ec()), parse(&with(ec(), "kid", json!("a"))));
    assert_ne!(parse(&ec()), parse(&with(ec(), "alg", json!("ES256"))));
    assert_ne!(parse(&oct(32)), parse(&oct(33)));
}

#[test]
fn debug_shows_no_secret() {
    let shown = format!("{:?}", parse(&oct(32)).unwrap());
    assert!(!shown.contains("7, 7") && !shown.contains("BwcH"), "{shown}");
}

/// The key with one member set, to `null` too.
fn set(mut key: Value, member: &str, value: Value) -> Value {
    key.as_object_mut().unwrap().insert(member.to_owned(), value);
    key
}

#[test]
fn empty_members_count_as_absent() {
    for key in [ec(), rsa(), ed25519()] {
        for member in
            ["alg", "use", "key_ops", "x5c", "x5t", "d", "p", "q", "dp", "dq", "qi", "oth"]
        {
            for nothing in [json!(null), json!(""), json!([]), json!({})] {
                let found = parse(&set(key.clone(), member, nothing.clone()));
                assert_eq!(found, parse(&key), "{member}: {nothing}");
            }
        }
    }
    assert_eq!(parse(&set(ec(), "kid", json!(null))), parse(&ec()));
    assert_eq!(parse(&set(ec(), "kid", json!(""))).unwrap().key_id(), Some(""));
    for member in ["kty", "n", "e"] {
        for nothing in [json!(null), json!("")] {
            assert_eq!(error(set(rsa(), member, nothing)), KeyError::Missing { member });
        }
    }
}

/// Encodes a number with two leading zero bytes.
fn zeros(bytes: &[u8]) -> Value {
    json!(URL_SAFE_NO_PAD.encode([&[0, 0][..], bytes].concat()))
}

#[test]
fn numbers_are_compared_by_their_value() {
    assert_eq!(parse(&set(rsa(), "n", zeros(&[0xff; 256]))), parse(&rsa()));
    assert_eq!(parse(&set(rsa(), "e", zeros(&[1, 0, 1]))), parse(&rsa()));
    let x = base64url::decode(ec()["x"].as_str().unwrap()).unwrap();
    assert_eq!(parse(&set(ec(), "x", zeros(&x))), parse(&ec()));
    // A coordinate that begins with zeros, in a short form and as RFC 7518, section 6.2.1.2,
    // defines it.
    let full = URL_SAFE_NO_PAD.encode([&[0, 0][..], &[7; 30]].concat());
    let short = URL_SAFE_NO_PAD.encode([7; 30]);
    for member in ["x", "y"] {
        assert_eq!(parse(&set(ec(), member, json!(short))), parse(&set(ec(), member, json!(full))));
    }
}

#[test]
fn a_key_for_svids_is_accepted_for_trust_domains_only() {
    let key = with(ec(), "use", json!("jwt-svid"));
    assert!(Jwk::new(&key, KeyUse::JwtSvid).is_ok());
    assert!(matches!(error(key), KeyError::NotForSignatures { .. }));
    let other = with(ec(), "use", json!("x509-svid"));
    assert!(Jwk::new(&other, KeyUse::JwtSvid).is_err());
}
