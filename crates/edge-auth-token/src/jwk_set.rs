//! A JWK set (RFC 7517, section 5), as an issuer publishes it.

use serde_json::Value;

use crate::{Jwk, JwkSetError, KeyError, KeyUse, LogSafe, json};

/// The keys of a set that can be used, and why the others cannot: a set with an encryption key or
/// a key of a kind that is not known here is still a good set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JwkSet {
    /// The usable keys, in their order.
    pub keys: Vec<Jwk>,
    /// The others. Worth a line in the log.
    pub skipped: Vec<SkippedKey>,
}

/// A key of a set that is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedKey {
    /// Its place in the array `keys`, from 0.
    pub index: usize,
    /// Its `kid`, if it has one that is a string.
    pub key_id: Option<LogSafe>,
    /// Why it is not used.
    pub error: KeyError,
}

impl JwkSet {
    /// The most keys that a set may have, the skipped ones counted.
    pub const MAX_KEYS: usize = 64;
    /// The longest set that is read, in bytes: 64 keys with a certificate chain each.
    pub const MAX_BYTES: usize = 512 * 1024;

    /// Parses a set. Members that occur twice and more than 32 levels are refused everywhere in it.
    ///
    /// # Errors
    /// If there is no set in `bytes`, or too large a one. A key that cannot be used is no error.
    pub fn parse(bytes: &[u8]) -> Result<Self, JwkSetError> {
        Self::parse_for(bytes, KeyUse::Signatures)
    }

    /// Parses a set as [`Self::parse`] does, for keys of another use. A UTF-8 byte order mark is
    /// skipped.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_for(bytes: &[u8], key_use: KeyUse) -> Result<Self, JwkSetError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        if bytes.len() > Self::MAX_BYTES {
            return Err(JwkSetError::TooLarge { bytes: bytes.len() });
        }
        let members = json::object(bytes)?;
        let Some(Value::Array(entries)) = members.get("keys") else {
            return Err(JwkSetError::NoKeys);
        };
        if entries.len() > Self::MAX_KEYS {
            return Err(JwkSetError::TooManyKeys { found: entries.len() });
        }
        let mut set = Self { keys: Vec::new(), skipped: Vec::new() };
        for (index, entry) in entries.iter().enumerate() {
            match Jwk::new(entry, key_use) {
                // The same key once more changes nothing, and must not make its choice ambiguous.
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

    fn octets(kid: &str) -> Value {
        json!({"kty": "oct", "kid": kid, "k": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"})
    }

    #[test]
    fn a_key_that_cannot_be_used_is_skipped_and_reported() {
        let set = parse(&json!({"keys": [
            octets("a"), 1, {"kty": "XYZ", "kid": "b"}, {"kty": "RSA", "alg": "RSA-OAEP", "kid": 7}, octets("c"),
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
    fn a_set_without_keys_is_a_set() {
        assert_eq!(
            parse(&json!({"keys": []})),
            Ok(JwkSet { keys: Vec::new(), skipped: Vec::new() })
        );
    }

    #[test]
    fn a_byte_order_mark_says_nothing() {
        assert_eq!(JwkSet::parse("\u{feff}{\"keys\":[]}".as_bytes()), parse(&json!({"keys": []})));
    }

    #[test]
    fn what_is_no_set_is_refused() {
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
        let keys = |count: usize| {
            let keys: Vec<_> = (0..count).map(|number| octets(&number.to_string())).collect();
            json!({ "keys": keys })
        };
        assert_eq!(parse(&keys(64)).unwrap().keys.len(), 64);
        assert_eq!(parse(&keys(65)), Err(JwkSetError::TooManyKeys { found: 65 }));
        let bytes = JwkSet::MAX_BYTES + 1;
        assert_eq!(JwkSet::parse(&vec![b' '; bytes]), Err(JwkSetError::TooLarge { bytes }));
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = JwkSet::parse(&bytes);
        }

        #[test]
        fn any_members_are_answered(
            kty in "RSA|EC|OKP|oct|\\PC{0,4}", crv in "P-256|P-521|Ed25519|x", number in "[A-Za-z0-9_=-]{0,90}",
            alg in "RS256|ES512|HS256|EdDSA|none", purpose in "sig|enc",
        ) {
            let set = parse(&json!({"keys": [{
                "kty": kty, "crv": crv, "n": number, "e": number, "x": number, "y": number, "k": number,
                "alg": alg, "use": purpose,
            }]}));
            let set = set.unwrap();
            prop_assert_eq!(set.keys.len() + set.skipped.len(), 1);
        }
    }
}
