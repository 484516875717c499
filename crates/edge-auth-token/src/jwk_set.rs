//! A JWK set (RFC 7517, section 5), as an issuer publishes it.

use serde_json::Value;

use crate::{Jwk, JwkSetError, KeyError, KeyUse, LogSafe, json};

/// The usable keys of a set, and the reasons for skipping the others. A set with an encryption key
/// or a key of an unknown kind is still a good set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JwkSet {
    /// The usable keys, in the set's order.
    pub keys: Vec<Jwk>,
    /// The others, for the log.
    pub skipped: Vec<SkippedKey>,
}

/// A key of a set that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedKey {
    /// Its index in the array `keys`, from 0.
    pub index: usize,
    /// Its `kid`, if that is a string.
    pub key_id: Option<LogSafe>,
    /// The reason.
    pub error: KeyError,
}

impl JwkSet {
    /// The most keys that a set may have, skipped ones included.
    pub const MAX_KEYS: usize = 64;
    /// The longest set that is parsed, in bytes: 64 keys with a certificate chain each.
    pub const MAX_BYTES: usize = 512 * 1024;

    /// Parses a set. Refuses members that occur twice and more than 32 levels, everywhere in it.
    ///
    /// # Errors
    /// `bytes` is not a set, or the set is too large. An unusable key is skipped, without an error.
    pub fn parse(bytes: &[u8]) -> Result<Self, JwkSetError> {
        Self::parse_for(bytes, KeyUse::Signatures)
    }

    /// Parses a set as [`Self::parse`] does, for keys of another use. Skips a UTF-8 byte order
    /// mark.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_for(bytes: &[u8], key_use: KeyUse) -> Result<Self, JwkSetError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        if bytes.len() > Self::MAX_BYTES {
            return Err(JwkSetError::TooLarge { bytes: bytes.len(), limit: Self::MAX_BYTES });
        }
        let members = json::object(bytes)?;
        let Some(Value::Array(entries)) = members.get("keys") else {
            return Err(JwkSetError::NoKeys);
        };
        if entries.len() > Self::MAX_KEYS {
            let (found, limit) = (entries.len(), Self::MAX_KEYS);
            return Err(JwkSetError::TooManyKeys { found, limit });
        }
        let mut set = Self { keys: Vec::new(), skipped: Vec::new() };
        for (index, entry) in entries.iter().enumerate() {
            match Jwk::new(entry, key_use) {
                // A repeated key must not make the selection ambiguous.
                Ok(key) if set.keys.contains(&key) => {}
                Ok(key) => set.keys.push(key),
                Err(error) => {
                    let key_id = entry.get("kid").and_then(Value::as_str).map(LogSafe::new);
                    set.skipped.push(SkippedKey { index, key_id, error });
                }
            }
        }
        Ok(set)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn parse(value: &Value) -> Result<JwkSet, JwkSetError> {
        JwkSet::parse(value.to_string().as_bytes())
    }

    fn set_of(count: usize) -> Value {
        let keys: Vec<_> = (0..count).map(|number| octets(&number.to_string())).collect();
        json!({ "keys": keys })
    }

    fn octets(kid: &str) -> Value {
        json!({"kty": "oct", "kid": kid, "k": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"})
    }

    #[test]
    fn a_key_that_cannot_be_used_is_skipped_and_reported() {
        let set = parse(&json!({"keys": [
            octets("a"), 1, {"kty": "XYZ", "kid": "b"},
            {"kty": "RSA", "alg": "RSA-OAEP", "kid": 7}, octets("c"),
        ]}))
        .unwrap();
        assert_eq!(set.keys.iter().filter_map(Jwk::key_id).collect::<Vec<_>>(), ["a", "c"]);
        let skipped: Vec<_> = set
            .skipped
            .iter()
            .map(|key| (key.index, key.key_id.as_ref().map(LogSafe::as_str)))
            .collect();
        assert_eq!(skipped, [(1, None), (2, Some("b")), (3, None)]);
        assert_eq!(set.skipped[0].error, KeyError::NotAnObject { found: "a number" });
    }

    #[test]
    fn the_same_key_twice_is_one_key() {
        let set = parse(&json!({"keys": [octets("a"), octets("b"), octets("a")]})).unwrap();
        assert_eq!(set.keys.iter().filter_map(Jwk::key_id).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(set.skipped, []);
    }

    #[test]
    fn an_empty_set_is_valid() {
        assert_eq!(
            parse(&json!({"keys": []})),
            Ok(JwkSet { keys: Vec::new(), skipped: Vec::new() })
        );
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        assert_eq!(JwkSet::parse("\u{feff}{\"keys\":[]}".as_bytes()), parse(&json!({"keys": []})));
    }

    #[test]
    fn anything_but_a_set_is_refused() {
        for value in [
            json!({}),
            json!({"keys": {}}),
            json!({"keys": null}),
            json!({"Keys": []}),
            octets("a"),
        ] {
            assert_eq!(parse(&value), Err(JwkSetError::NoKeys), "{value}");
        }
        for text in [
            "",
            "[]",
            "<html>",
            "{\"keys\":[]}x",
            "{\"keys\":[],\"keys\":[]}",
            "\u{feff}\u{feff}{\"keys\":[]}",
        ] {
            assert!(
                matches!(JwkSet::parse(text.as_bytes()), Err(JwkSetError::Json(_))),
                "{text:?}"
            );
        }
    }

    #[test]
    fn members_that_occur_twice_and_deep_nesting_are_refused() {
        let text = r#"{"keys":[{"kty":"oct","k":"AA","kty":"RSA"}]}"#;
        assert!(matches!(JwkSet::parse(text.as_bytes()), Err(JwkSetError::Json(_))));
        let text = format!("{{\"keys\":[{}{}]}}", "[".repeat(5000), "]".repeat(5000));
        assert!(matches!(JwkSet::parse(text.as_bytes()), Err(JwkSetError::Json(_))));
    }

    #[test]
    fn a_set_is_bounded_in_keys_and_bytes() {
        assert_eq!(parse(&set_of(64)).unwrap().keys.len(), 64);
        let error = JwkSetError::TooManyKeys { found: 65, limit: 64 };
        assert_eq!(parse(&set_of(65)), Err(error));
        let limit = JwkSet::MAX_BYTES;
        let error = JwkSetError::TooLarge { bytes: limit + 1, limit };
        assert_eq!(JwkSet::parse(&vec![b' '; limit + 1]), Err(error));
    }

    proptest! {
        #[test]
        fn any_bytes_are_parsed_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = JwkSet::parse(&bytes);
        }

        #[test]
        fn any_members_make_a_key_or_a_skipped_key(
            kty in "RSA|EC|OKP|oct|\\PC{0,4}", crv in "P-256|P-521|Ed25519|x",
            number in "[A-Za-z0-9_=-]{0,90}",
            alg in "RS256|ES512|HS256|EdDSA|none", purpose in "sig|enc",
        ) {
            let set = parse(&json!({"keys": [{
                "kty": kty, "crv": crv, "alg": alg, "use": purpose,
                "n": number, "e": number, "x": number, "y": number, "k": number,
            }]}));
            let set = set.unwrap();
            prop_assert_eq!(set.keys.len() + set.skipped.len(), 1);
        }
    }
}
