use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::testing::{key, signed, token};
use crate::{ClaimError, Confirmation, HeaderError, JsonError};

fn parse(token: &str) -> Result<UnverifiedToken<'_>, TokenError> {
    UnverifiedToken::parse(token, DEFAULT_MAX_TOKEN_BYTES)
}

fn error(token: &str) -> TokenError {
    parse(token).unwrap_err()
}

const HEADER: &[u8] = br#"{"alg":"HS256"}"#;

#[test]
fn a_good_token_gives_its_claims() {
    let text = signed(
        br#" {"alg":"HS256","kid":"k1","typ":"at+jwt","x":{"y":[1.5]}} "#,
        br#"{"iss":"i","sub":"s","jti":"j","aud":["a"],"exp":9,"nbf":1,"iat":2,"cnf":{"jkt":"x"}}"#,
    );
    let unverified = parse(&text).unwrap();
    assert_eq!(unverified.algorithm(), Algorithm::Hs256);
    assert_eq!(unverified.issuer(), Some("i"));
    assert_eq!((unverified.key_id(), unverified.token_type()), (Some("k1"), Some("at+jwt")));
    let verified = unverified.verify(&key()).unwrap();
    assert_eq!(verified.algorithm(), Algorithm::Hs256);
    assert_eq!((verified.key_id(), verified.token_type()), (Some("k1"), Some("at+jwt")));
    assert_eq!(verified.claims().subject(), Some("s"));
    assert_eq!(verified.claims().token_id(), Some("j"));
    assert_eq!(verified.claims().confirmation(), Confirmation::Unverifiable);
}

#[test]
fn there_are_exactly_three_parts() {
    let good = token(None, &json!({}));
    for (text, found) in [
        (String::new(), 1),
        ("e30".to_owned(), 1),
        (".".to_owned(), 2),
        ("e30.e30".to_owned(), 2),
        (format!("{good}."), 4),
        (format!(".{good}"), 4),
        (format!("{good}.e30.e30"), 5),
        (format!("{good}.e30.e30.e30"), 6),
        (".".repeat(10_000), 6),
    ] {
        assert_eq!(error(&text), Malformed::Parts { found }.into(), "{text:.20}");
    }
    assert!(error(&".".repeat(9)).to_string().ends_with("6 or more"));
    // JSON serialisation (RFC 7515, section 7.2).
    assert_eq!(error(r#"{"payload":"e30","signatures":[]}"#), Malformed::Parts { found: 1 }.into());
    assert!(error("..").to_string().contains("header"));
}

#[test]
fn every_part_is_strict_base64url() {
    let good = token(None, &json!({"a": "bcd"}));
    let parts: Vec<_> = good.split('.').collect();
    for (index, part) in [Part::Header, Part::Payload, Part::Signature].into_iter().enumerate() {
        for change in
            ["=", "==", " ", "\n", "\r\n", "\t", "?", "+", "/", "\0", "é", "%3D", "\u{200b}"]
        {
            for changed in
                [format!("{}{change}", parts[index]), format!("{change}{}", parts[index])]
            {
                let mut parts = parts.clone();
                parts[index] = &changed;
                let found = error(&parts.join("."));
                let wanted = match change.starts_with('=') && changed.ends_with('=') {
                    true => Malformed::Padded { part },
                    false => Malformed::Base64Url { part },
                };
                assert_eq!(found, wanted.into(), "{change:?}");
            }
        }
    }
}

#[test]
fn a_signature_has_one_spelling() {
    let good = token(None, &json!({}));
    // 32 bytes are 43 characters, of which the last carries four bits: two are zero.
    let (rest, last) = good.split_at(good.len() - 1);
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let same_bits = alphabet.find(last).unwrap() / 4 * 4;
    for other in alphabet.chars().skip(same_bits + 1).take(3) {
        let found = error(&format!("{rest}{other}"));
        assert_eq!(found, Malformed::Base64Url { part: Part::Signature }.into());
    }
}

#[test]
fn header_and_payload_are_objects_with_one_meaning() {
    for text in [
        "",
        "[]",
        "null",
        "\"x\"",
        "{",
        "{}{}",
        "{\"a\":1,\"a\":1}",
        "{\"a\":{\"b\":1,\"b\":1}}",
        "\u{feff}{}",
    ] {
        let found = error(&signed(text.as_bytes(), b"{}"));
        assert!(
            matches!(found, TokenError::Malformed(Malformed::Json { part: Part::Header, .. })),
            "{text}"
        );
        let found = error(&signed(HEADER, text.as_bytes()));
        assert!(
            matches!(found, TokenError::Malformed(Malformed::Json { part: Part::Payload, .. })),
            "{text}"
        );
    }
    let found = error(&signed(HEADER, b"{\"a\":\"\xff\"}"));
    let wanted = Malformed::Json { part: Part::Payload, error: JsonError::NotUtf8 };
    assert_eq!(found, wanted.into());
    for payload in [
        r#"{"exp":1e400}"#,
        r#"{"exp":NaN}"#,
        r#"{"sub":"\ud800"}"#,
        r#"{"iss":"a","iss":"a"}"#,
        r#"{"exp":1,"\u0065xp":2}"#,
        r#"{"x":1e999}"#,
    ] {
        assert!(
            matches!(error(&signed(HEADER, payload.as_bytes())), TokenError::Malformed(_)),
            "{payload}"
        );
    }
}

#[test]
fn ill_typed_claims_are_refused_before_the_signature() {
    for payload in [
        json!({"iss": ["a"]}),
        json!({"exp": "9"}),
        json!({"iat": {}}),
        json!({"nbf": true}),
        json!({"aud": []}),
        json!({"aud": {"a": 1}}),
        json!({"exp": -1}),
        json!({"exp": [null]}),
    ] {
        let found = error(&token(None, &payload));
        assert!(matches!(found, TokenError::Claim(ClaimError::IllTyped { .. })), "{payload}");
    }
}

#[test]
fn size_is_bounded_before_anything_else() {
    let good = token(None, &json!({}));
    assert!(UnverifiedToken::parse(&good, good.len()).is_ok());
    let limit = good.len() - 1;
    let found = UnverifiedToken::parse(&good, limit).unwrap_err();
    assert_eq!(found, TokenError::TooLarge { bytes: good.len(), limit });
    let megabytes = token(None, &json!({"a": "x".repeat(4 << 20)}));
    assert!(matches!(error(&megabytes), TokenError::TooLarge { limit: 16_384, .. }));
}

#[test]
fn ten_thousand_levels_are_refused() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    for text in [signed(deep.as_bytes(), b"{}"), signed(HEADER, deep.as_bytes())] {
        let found = UnverifiedToken::parse(&text, 1 << 20).unwrap_err();
        assert!(found.to_string().contains("32 levels"), "{found}");
    }
}

#[test]
fn a_refused_header_is_not_a_malformed_token() {
    let found = error(&signed(br#"{"alg":"HS256","crit":["exp"]}"#, b"{}"));
    assert_eq!(found, HeaderError::Critical.into());
    let found = error(&signed(br#"{"alg":"none"}"#, b"{}"));
    assert!(matches!(found, TokenError::AlgorithmUnsupported { .. }));
}

#[test]
fn another_algorithm_of_the_same_secret_is_not_tried() {
    let text = signed(br#"{"alg":"HS512"}"#, b"{}");
    let found = parse(&text).unwrap().verify(&key()).unwrap_err();
    assert_eq!(found, TokenError::KeyDoesNotFit { algorithm: Algorithm::Hs512 });
}

#[test]
fn neither_debug_nor_errors_show_a_token_or_signature() {
    let text = token(Some("at+jwt"), &json!({"iss": "i", "sub": "alice"}));
    let shown = format!("{:?}", parse(&text).unwrap());
    let verified = format!("{:?}", parse(&text).unwrap().verify(&key()).unwrap());
    for part in text.split('.').chain(["alice"]) {
        assert!(!shown.contains(part) && !verified.contains(part));
    }
}

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused(text in "\\PC{0,200}") {
        let _ = parse(&text);
    }

    #[test]
    fn any_three_parts_are_parsed_or_refused(
        text in "[A-Za-z0-9_-]{0,60}\\.[A-Za-z0-9_-]{0,60}\\.[A-Za-z0-9_-]{0,60}",
    ) {
        let _ = parse(&text);
    }

    #[test]
    fn any_header_and_payload_are_parsed_or_refused(
        header in proptest::collection::vec(any::<u8>(), 0..80),
        payload in proptest::collection::vec(any::<u8>(), 0..80),
    ) {
        let _ = parse(&signed(&header, &payload));
        let _ = parse(&signed(HEADER, &payload));
    }

    #[test]
    fn a_token_with_any_byte_changed_is_refused(
        at in any::<prop::sample::Index>(),
        to in any::<u8>(),
    ) {
        let good = token(Some("at+jwt"), &json!({"iss": "i", "exp": 9, "aud": "a"}));
        let mut bytes = good.clone().into_bytes();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != to);
        bytes[at] = to;
        if let Ok(text) = String::from_utf8(bytes) {
            prop_assert!(parse(&text).and_then(|token| token.verify(&key())).is_err());
        }
    }

    #[test]
    fn a_shortened_token_is_refused(length in any::<prop::sample::Index>()) {
        let good = token(None, &json!({"iss": "i", "exp": 9}));
        let (text, _) = good.split_at(length.index(good.len()));
        prop_assert!(parse(text).and_then(|token| token.verify(&key())).is_err());
    }
}
