//! The identifiers in the log, parsed strictly: an entry can only name what can exist.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::certificate::{DistinguishedName, from_hex};
use crate::hexadecimal::to_hex;

/// The most bytes of an issuer, a subject, an identifier.
const MAX_TEXT_BYTES: usize = 1024;
/// The most digits of a serial number: 20 bytes are allowed (RFC 5280, section 4.1.2.2), and some
/// authorities use a few more.
const MAX_SERIAL_DIGITS: usize = 64;
/// The most bytes of a key's identifier: a digest of the key, mostly.
const MAX_KEY_ID_BYTES: usize = 64;

/// Text of 1 to 1024 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Identifier(pub(super) String);

/// The SHA-256 of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint(pub(super) [u8; 32]);

/// A certificate's serial number: hexadecimal in lower case, without zeros in front.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Serial(pub(super) String);

/// The name of a certificate's issuer, as in `CN=Devices CA,O=Example` (RFC 4514).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IssuerName(pub(super) String);

/// The identifier of an issuer's key (RFC 5280, section 4.2.1.2): hexadecimal in lower case. One
/// issuer may have several keys, each with its revocation list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyId(pub(super) String);

/// Why something cannot be revoked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// It is empty, or too long.
    #[error("must have 1 to {MAX_TEXT_BYTES} bytes")]
    Text,
    /// It is not a SHA-256.
    #[error("must be a SHA-256: 64 hexadecimal digits, with or without colons")]
    Fingerprint,
    /// It is not a serial number.
    #[error("must be a serial number in hexadecimal, with or without colons")]
    Serial,
    /// It is not the identifier of a key.
    #[error("must be a key identifier: 1 to {MAX_KEY_ID_BYTES} bytes in hexadecimal")]
    KeyId,
    /// It does not name a revocation list.
    #[error("must name a revocation list: a key identifier, and what limits the list")]
    List,
    /// It is not a name.
    #[error("must be a name like `CN=Devices CA,O=Example`")]
    Issuer,
}

impl TryFrom<String> for Identifier {
    type Error = TargetError;

    fn try_from(text: String) -> Result<Self, TargetError> {
        if (1..=MAX_TEXT_BYTES).contains(&text.len()) {
            Ok(Self(text))
        } else {
            Err(TargetError::Text)
        }
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = TargetError;

    fn try_from(text: String) -> Result<Self, TargetError> {
        let bytes = from_hex(&text).ok_or(TargetError::Fingerprint)?;
        bytes.try_into().map(Self).map_err(|_| TargetError::Fingerprint)
    }
}

impl TryFrom<String> for Serial {
    type Error = TargetError;

    fn try_from(text: String) -> Result<Self, TargetError> {
        let digits = if text.contains(':') { text.replace(':', "") } else { text };
        let good = !digits.is_empty()
            && digits.len() <= MAX_SERIAL_DIGITS
            && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if good { Ok(Self(crate::certificate::serial(&digits))) } else { Err(TargetError::Serial) }
    }
}

impl TryFrom<String> for KeyId {
    type Error = TargetError;

    fn try_from(text: String) -> Result<Self, TargetError> {
        match from_hex(&text) {
            Some(bytes) if (1..=MAX_KEY_ID_BYTES).contains(&bytes.len()) => {
                Ok(Self(to_hex(&bytes)))
            }
            Some(_) | None => Err(TargetError::KeyId),
        }
    }
}

impl TryFrom<String> for IssuerName {
    type Error = TargetError;

    fn try_from(text: String) -> Result<Self, TargetError> {
        if !(1..=MAX_TEXT_BYTES).contains(&text.len()) {
            return Err(TargetError::Issuer);
        }
        match DistinguishedName::parse(&text) {
            Some(name) => Ok(Self::from(&name)),
            None => Err(TargetError::Issuer),
        }
    }
}

/// Compares as numbers.
impl Ord for Serial {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Serial {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<&DistinguishedName> for IssuerName {
    fn from(name: &DistinguishedName) -> Self {
        Self(name.to_string())
    }
}

impl From<[u8; 32]> for Fingerprint {
    fn from(digest: [u8; 32]) -> Self {
        Self(digest)
    }
}

impl From<Identifier> for String {
    fn from(text: Identifier) -> Self {
        text.0
    }
}

impl From<Fingerprint> for String {
    fn from(Fingerprint(digest): Fingerprint) -> Self {
        to_hex(&digest)
    }
}

impl From<Serial> for String {
    fn from(serial: Serial) -> Self {
        serial.0
    }
}

impl From<KeyId> for String {
    fn from(id: KeyId) -> Self {
        id.0
    }
}

impl From<IssuerName> for String {
    fn from(issuer: IssuerName) -> Self {
        issuer.0
    }
}

macro_rules! displayed {
    ($($type:ty),*) => {
        $(impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        })*
    };
}
displayed!(Identifier, Serial, KeyId, IssuerName);

impl Serial {
    /// Its digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Identifier {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl KeyId {
    /// The identifier, in hexadecimal.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl IssuerName {
    /// The name, in the canonical form in which names are compared.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_hex(&self.0))
    }
}
