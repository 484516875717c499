//! A JWK set (RFC 7517, section 5), as an issuer publishes it.

use serde_json::Value;

use crate::{Excerpt, Jwk, JwkSetError, KeyError, json};

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
    pub key_id: Option<Excerpt>,
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
        if bytes.len() > Self::MAX_BYTES {
            return Err(JwkSetError::TooLarge { bytes: bytes.len() });
        }
        let members = json::object(bytes)?;
        let Some(Value::Array(entries)) = members.get("keys") else {
            return Err(JwkSetError::NoKeys);
        };
        if entries.len() > Self::MAX_KEYS {
            return Err(JwkSetError::TooManyKeys {
                found: entries.len(),
            });
        }
        let mut set = Self {
            keys: Vec::new(),
            skipped: Vec::new(),
        };
        for (index, entry) in entries.iter().enumerate() {
            match Jwk::new(entry) {
                Ok(key) => set.keys.push(key),
                Err(error) => {
                    let key_id = entry.get("kid").and_then(Value::as_str).map(Excerpt::new);
                    set.skipped.push(SkippedKey {
                        index,
                        key_id,
                        error,
                    });
                }
            }
        }
        Ok(set)
    }
}
