//! The secrets that make marks and MACs.

use std::fmt;
use std::sync::Arc;

use edge_auth_token::Secret;
use serde::{Deserialize, Serialize};

use super::target::{LookupTag, LookupTags, RevocationKey};
use crate::derived_key::{DerivedKey, framed};

const MIN_BYTES: usize = 32;
const SALT: &[u8; 32] = b"edge-auth revocation, v1\0\0\0\0\0\0\0\0";

/// One secret, as the keys that are derived from it (HKDF-SHA-256, RFC 5869), one for each purpose.
pub struct RevocationSecret {
    id: SecretId,
    /// Makes marks.
    mark: DerivedKey,
    /// Authenticates records.
    pub(super) record: DerivedKey,
    /// Authenticates manifests.
    pub(super) snapshot: DerivedKey,
}

/// The public name of a secret: 8 hexadecimal digits that are derived from it and reveal nothing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretId(String);

impl fmt::Display for SecretId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One from a stored record may be any text.
        f.write_str(&crate::audit::excerpt(&self.0, 16))
    }
}

impl fmt::Debug for SecretId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretId({self})")
    }
}

/// Why a secret cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// It is too short to be random enough.
    #[error("has {bytes} bytes; {MIN_BYTES} are needed (`openssl rand -base64 32` makes one)")]
    TooShort {
        /// How long it is.
        bytes: usize,
    },
    /// The policy names it twice.
    #[error("two of the secrets are the same")]
    Repeated,
}

impl RevocationSecret {
    /// Derives the keys from at least 32 random bytes.
    pub fn new(secret: &Secret) -> Result<Self, SecretError> {
        let bytes = secret.expose();
        if bytes.len() < MIN_BYTES {
            return Err(SecretError::TooShort { bytes: bytes.len() });
        }
        let root = DerivedKey::extract(SALT, bytes);
        let [a, b, c, d, ..] = *root.expand("public id");
        Ok(Self {
            id: SecretId(format!("{:08x}", u32::from_be_bytes([a, b, c, d]))),
            mark: root.derive("mark"),
            record: root.derive("record mac"),
            snapshot: root.derive("snapshot mac"),
        })
    }

    /// Its public name, by which records refer to it.
    pub fn id(&self) -> &SecretId {
        &self.id
    }

    /// Returns the mark of one thing.
    pub fn mark(&self, thing: RevocationKey<'_>) -> LookupTag {
        LookupTag::of(self.mark.code(&framed(&thing.parts())))
    }
}

impl fmt::Debug for RevocationSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RevocationSecret({})", self.id)
    }
}

/// The current secret, which makes records, and the previous ones. Cheap to clone.
#[derive(Debug, Clone)]
pub struct RevocationSecrets(Arc<[RevocationSecret]>);

impl RevocationSecrets {
    /// `current` makes new records. Records that a `previous` secret made are believed, too.
    pub fn new(
        current: RevocationSecret,
        previous: Vec<RevocationSecret>,
    ) -> Result<Self, SecretError> {
        let mut all = vec![current];
        for secret in previous {
            if all.iter().any(|earlier| earlier.id == secret.id) {
                return Err(SecretError::Repeated);
            }
            all.push(secret);
        }
        Ok(Self(all.into()))
    }

    /// Whether these are the same secrets, in the same order.
    pub(super) fn are(&self, other: &Self) -> bool {
        self.0.iter().map(RevocationSecret::id).eq(other.0.iter().map(RevocationSecret::id))
    }

    /// The secret that makes new records; `None` if there are no secrets.
    pub fn current(&self) -> Option<&RevocationSecret> {
        self.0.first()
    }

    /// Whether there is a previous secret.
    pub fn has_previous(&self) -> bool {
        self.0.len() > 1
    }

    /// Returns the secret with this public name.
    pub fn find(&self, id: &SecretId) -> Option<&RevocationSecret> {
        self.0.iter().find(|secret| secret.id == *id)
    }

    /// Returns the marks of one thing, one under each secret.
    pub fn marks(&self, thing: RevocationKey<'_>) -> LookupTags {
        LookupTags(self.0.iter().map(|secret| secret.mark(thing)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(byte: u8) -> RevocationSecret {
        RevocationSecret::new(&Secret::new([byte; 32])).unwrap()
    }

    #[test]
    fn a_short_secret_is_refused_with_its_length_and_nothing_else() {
        let error = RevocationSecret::new(&Secret::new("hunter2")).unwrap_err().to_string();
        assert!(error.contains("7 bytes") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn every_purpose_has_another_key() {
        let secret = secret(1);
        let codes = [&secret.mark, &secret.record, &secret.snapshot].map(|key| key.code(b"same"));
        assert!(codes[0] != codes[1] && codes[1] != codes[2] && codes[0] != codes[2]);
    }

    #[test]
    fn one_secret_in_two_places_is_refused() {
        assert!(RevocationSecrets::new(secret(1), vec![secret(2)]).is_ok());
        assert_eq!(
            RevocationSecrets::new(secret(1), vec![secret(2), secret(1)]).unwrap_err(),
            SecretError::Repeated
        );
    }
}
