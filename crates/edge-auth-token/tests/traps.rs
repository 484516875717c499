//! Known traps in checking tokens, from the text of a token to the decision, with one test for
//! each. The unit tests cover the details.

#![cfg(feature = "aws-lc-rs")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is a failed test"
)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{ED25519, P256, RSA, Signer, b64, backend};
use edge_auth_token::{
    Algorithm, Audience, Confirmation, DEFAULT_MAX_TOKEN_BYTES, JwkSet, KeySet, Secret, Timestamp,
    TokenType, UnverifiedToken, Validation, VerifyingKey,
};
use serde_json::{Value, json};

const NOW: u64 = 1_800_000_000;

/// An issuer with the keys of a set, used as in the gate.
struct Issuer {
    keys: KeySet,
    expected: Validation,
}

impl Issuer {
    fn new(set: &Value) -> Self {
        let set = JwkSet::parse(set.to_string().as_bytes()).unwrap();
        let keys = set
            .keys
            .iter()
            .filter_map(|jwk| VerifyingKey::from_jwk(jwk, Algorithm::ASYMMETRIC, backend()).ok());
        Self {
            keys: KeySet::new(keys.map(Arc::new).collect()),
            expected: Validation {
                issuer: "https://issuer.example/".to_owned(),
                audience: Audience::AnyOf {
                    claim: edge_auth_token::ClaimPath::name("aud"),
                    values: vec!["api".to_owned()],
                },
                token_type: TokenType::Exactly("at+jwt".to_owned()),
                max_lifetime: Some(Duration::from_secs(3600)),
                clock_skew: Duration::from_secs(30),
            },
        }
    }

    fn decide(&self, text: &str) -> Result<(), String> {
        let token = UnverifiedToken::parse(text, DEFAULT_MAX_TOKEN_BYTES)
            .map_err(|error| error.to_string())?;
        let key = self
            .keys
            .select(token.algorithm(), token.key_id())
            .map_err(|error| error.to_string())?;
        let token = token.verify(key).map_err(|error| error.to_string())?;
        self.expected.check(&token, Timestamp::from_seconds(NOW)).map_err(|error| error.to_string())
    }

    /// Expects a refusal whose reason contains `because`.
    fn refuses(&self, text: &str, because: &str) {
        match self.decide(text) {
            Err(reason) => assert!(reason.contains(because), "{reason:?} should say {because:?}"),
            Ok(()) => panic!("accepted, should be refused for {because:?}: {text}"),
        }
    }
}

fn named(signer: &Signer, kid: &str) -> Value {
    let mut key = signer.jwk();
    key["kid"] = json!(kid);
    key
}

fn issuer() -> Issuer {
    Issuer::new(&json!({"keys": [named(&P256, "ec"), named(&RSA, "rsa")]}))
}

fn header() -> Value {
    json!({"alg": "ES256", "kid": "ec", "typ": "at+jwt"})
}

fn claims() -> Value {
    json!({
        "iss": "https://issuer.example/", "aud": "api", "sub": "alice",
        "iat": NOW - 60, "exp": NOW + 60,
    })
}

fn with(mut object: Value, member: &str, value: Value) -> Value {
    object[member] = value;
    object
}

fn without(mut object: Value, member: &str) -> Value {
    object.as_object_mut().unwrap().remove(member);
    object
}

fn token(header: &Value, claims: &Value) -> String {
    P256.token_with(Algorithm::Es256, header, claims)
}

/// A correctly signed token with any bytes.
fn signed(header: &[u8], payload: &[u8]) -> String {
    let input = format!("{}.{}", b64(header), b64(payload));
    format!("{input}.{}", b64(P256.sign(Algorithm::Es256, input.as_bytes())))
}

#[test]
fn a_good_token_is_accepted() {
    assert_eq!(issuer().decide(&token(&header(), &claims())), Ok(()));
}

#[test]
fn header_extensions_are_refused() {
    for crit in [json!(["exp"]), json!([]), json!("exp"), json!(7)] {
        issuer().refuses(&token(&with(header(), "crit", crit), &claims()), "`crit`");
    }
    issuer().refuses(&token(&with(header(), "b64", json!(false)), &claims()), "`b64`");
    issuer().refuses(&token(&with(header(), "cty", json!("JWT")), &claims()), "nested");
    issuer().refuses(&token(&with(header(), "enc", json!("A256GCM")), &claims()), "encrypted");
}

#[test]
fn ill_typed_claims_are_refused_not_skipped() {
    for (claim, value) in [
        ("iss", json!(["https://issuer.example/"])),
        ("exp", json!((NOW + 60).to_string())),
        ("exp", json!(-1)),
        ("nbf", json!("0")),
        ("iat", json!(true)),
        ("iat", json!([1])),
        ("aud", json!({"api": 1})),
        ("aud", json!([])),
        ("aud", json!(["api", 1])),
        ("sub", json!(1)),
        ("jti", json!({})),
    ] {
        issuer().refuses(
            &token(&header(), &with(claims(), claim, value)),
            &format!("`{claim}` is ill-typed"),
        );
    }
    let members = r#""iss":"https://issuer.example/","aud":"api","iat":1799999940"#;
    for exp in ["1e400", "NaN", "Infinity", "-1e400"] {
        let payload = format!("{{{members},\"exp\":{exp}}}");
        issuer().refuses(&signed(header().to_string().as_bytes(), payload.as_bytes()), "payload");
    }
    let payload = format!("{{{members},\"exp\":1.80000006e9}}");
    assert_eq!(
        issuer().decide(&signed(header().to_string().as_bytes(), payload.as_bytes())),
        Ok(())
    );
}

#[test]
fn json_with_two_meanings_is_refused() {
    let header = header().to_string();
    let claims = claims().to_string();
    let twice = claims.replacen('{', "{\"aud\":\"other\",", 1);
    issuer().refuses(&signed(header.as_bytes(), twice.as_bytes()), "\"aud\" occurs twice");
    let twice = header.replacen('{', "{\"alg\":\"none\",", 1);
    issuer().refuses(&signed(twice.as_bytes(), claims.as_bytes()), "\"alg\" occurs twice");
    let surrogate = claims.replace("alice", "\\ud800");
    issuer().refuses(&signed(header.as_bytes(), surrogate.as_bytes()), "payload");
    let marked = format!("\u{feff}{claims}");
    issuer().refuses(&signed(header.as_bytes(), marked.as_bytes()), "payload");
    for wide in [u16::to_le_bytes, u16::to_be_bytes] {
        let wide: Vec<u8> = claims.encode_utf16().flat_map(wide).collect();
        issuer().refuses(&signed(header.as_bytes(), &wide), "payload");
    }
    issuer().refuses(&signed(header.as_bytes(), b"\xff\xfe"), "not UTF-8");
}

#[test]
fn unsigned_tokens_and_unknown_algorithms_are_refused() {
    for alg in [json!("none"), json!("nOnE"), json!(""), json!(256), json!(null), json!(["ES256"])]
    {
        let header = with(header(), "alg", alg);
        issuer().refuses(&token(&header, &claims()), "never accepted");
        let unsigned = format!("{}.{}.", b64(header.to_string()), b64(claims().to_string()));
        issuer().refuses(&unsigned, "never accepted");
    }
    issuer().refuses(&token(&without(header(), "alg"), &claims()), "`alg` is missing");
}

#[test]
fn the_header_does_not_choose_how_a_key_is_used() {
    // An EC key as an HMAC secret, and as an RSA key.
    for alg in ["HS256", "RS256", "PS256", "ES384", "EdDSA"] {
        issuer().refuses(
            &token(&with(header(), "alg", json!(alg)), &claims()),
            &format!("used with {alg}"),
        );
    }
    let pem = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n";
    assert!(VerifyingKey::from_secret(&Secret::new(pem), &[Algorithm::Hs256]).is_err());
}

#[test]
fn anything_but_a_compact_jws_is_refused() {
    let good = token(&header(), &claims());
    issuer().refuses(&good.replace('.', ""), "three parts");
    issuer().refuses(&good.replacen('.', "", 1), "this has 2");
    issuer().refuses(&format!("{good}.a.b"), "this has 5");
    issuer().refuses(&".".repeat(6), "6 or more");
    issuer().refuses(&json!({"payload": "e30", "signatures": []}).to_string(), "three parts");
    issuer().refuses(&format!("{good} "), "signature is not base64url");
    issuer().refuses(&format!("{good}="), "signature is not base64url");
    issuer().refuses(&good.replacen('.', "=.", 1), "header is not base64url");
    issuer().refuses(&good.replacen('.', ".\n", 1), "payload is not base64url");
    issuer().refuses(&format!(" {good}"), "header is not base64url");
    issuer().refuses(&format!("{good}{}", "A".repeat(1 << 20)), "the limit is 16384");
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(4000), "]".repeat(4000));
    issuer().refuses(&signed(header().to_string().as_bytes(), deep.as_bytes()), "32 levels");
}

#[test]
fn weak_and_misused_keys_verify_nothing() {
    let rsa = with(RSA.jwk(), "kid", json!("k"));
    let ec = with(P256.jwk(), "kid", json!("k"));
    for key in [
        with(rsa.clone(), "n", json!(b64([0xff; 128]))),
        with(rsa.clone(), "e", json!("AQ")),
        with(rsa.clone(), "e", json!("Ag")),
        with(rsa.clone(), "use", json!("enc")),
        with(rsa.clone(), "key_ops", json!(["encrypt"])),
        with(rsa.clone(), "alg", json!("RSA-OAEP")),
        with(rsa, "alg", json!("ES256")),
        with(ec.clone(), "crv", json!("P-384")),
        with(ec.clone(), "alg", json!("ES384")),
        with(ec.clone(), "y", ec["x"].clone()),
        with(ec.clone(), "d", ec["x"].clone()),
        json!({"kty": "oct", "kid": "k", "k": ""}),
        json!({"kty": "oct", "kid": "k", "k": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg"}),
        json!({"kty": "oct", "kid": "k", "k": b64([7; 64])}),
        json!({"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": b64([0; 32])}),
    ] {
        let issuer = Issuer::new(&json!({"keys": [key]}));
        assert!(issuer.keys.keys().is_empty(), "{key}");
        issuer.refuses(
            &token(&with(header(), "kid", json!("k")), &claims()),
            "no key with the identifier",
        );
    }
}

#[test]
fn key_material_of_the_sender_is_not_used() {
    for (member, value) in [
        ("jwk", ED25519.jwk()),
        ("jku", json!("https://evil.example/")),
        ("x5u", json!("https://evil.example/")),
        ("x5c", json!(["MII"])),
        ("x5t", json!("AAAA")),
    ] {
        let header = with(with(header(), "alg", json!("EdDSA")), member, value);
        let text = ED25519.token_with(Algorithm::EdDsa, &header, &claims());
        issuer().refuses(&text, "may be used with EdDSA");
    }
}

#[test]
fn ecdsa_signatures_of_zeros_are_refused() {
    let good = token(&header(), &claims());
    let (input, _) = good.rsplit_once('.').unwrap();
    for signature in [&[0; 64][..], &[0xff; 64], &[0; 0], &[0x30, 6, 2, 1, 1, 2, 1, 1]] {
        issuer().refuses(&format!("{input}.{}", b64(signature)), "signature is not valid");
    }
}

#[test]
fn one_issuers_key_is_not_anothers() {
    let other = Issuer::new(&json!({"keys": [named(&ED25519, "ec")]}));
    other.refuses(&token(&header(), &claims()), "no key that may be used with ES256");
    let text =
        ED25519.token_with(Algorithm::EdDsa, &with(header(), "alg", json!("EdDSA")), &claims());
    assert_eq!(other.decide(&text), Ok(()));
    issuer().refuses(&text, "no key that may be used with EdDSA");
}

#[test]
fn tokens_for_others_and_of_other_kinds_are_refused() {
    issuer().refuses(
        &token(&header(), &with(claims(), "iss", json!("https://other.example/"))),
        "`iss` is",
    );
    issuer().refuses(&token(&header(), &with(claims(), "aud", json!("other"))), "`aud` is");
    issuer().refuses(&token(&with(header(), "typ", json!("JWT")), &claims()), "`typ` is \"JWT\"");
    issuer().refuses(&token(&without(header(), "typ"), &claims()), "`typ` is missing");
    for claim in ["iss", "aud", "exp", "iat"] {
        issuer().refuses(&token(&header(), &without(claims(), claim)), &format!("no `{claim}`"));
    }
}

#[test]
fn times_are_checked_against_now() {
    issuer().refuses(&token(&header(), &with(claims(), "exp", json!(NOW - 30))), "expired");
    issuer()
        .refuses(&token(&header(), &with(claims(), "nbf", json!(NOW + 31))), "not valid before");
    issuer().refuses(&token(&header(), &with(claims(), "iat", json!(NOW + 31))), "in the future");
    issuer()
        .refuses(&token(&header(), &with(claims(), "exp", json!(NOW + 3600))), "lives for 3660 s");
}

#[test]
fn a_token_without_a_key_identifier_needs_a_single_fitting_key() {
    let nameless = without(header(), "kid");
    assert_eq!(issuer().decide(&token(&nameless, &claims())), Ok(()));
    let two = Issuer::new(&json!({"keys": [named(&P256, "a"), named(&P256, "b")]}));
    two.refuses(&token(&nameless, &claims()), "must publish one");
}

#[test]
fn a_binding_of_any_form_is_recognised() {
    for cnf in
        [json!({"x5t#S256": "AAAA"}), json!({"jkt": "AAAA"}), json!({"unknown": 1}), json!({})]
    {
        let text = token(&header(), &with(claims(), "cnf", cnf));
        let token = UnverifiedToken::parse(&text, DEFAULT_MAX_TOKEN_BYTES).unwrap();
        let issuer = issuer();
        let token =
            token.verify(issuer.keys.select(Algorithm::Es256, Some("ec")).unwrap()).unwrap();
        assert_eq!(token.claims().confirmation(), Confirmation::Unverifiable);
    }
}
