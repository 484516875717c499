//! The name of exactly one compiled policy.

use std::fmt;

use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::hexadecimal::to_hex;

/// The SHA-256 of a compiled policy. The same source gives the same digest on every host.
///
/// It is shown by its first 16 hexadecimal digits: in the log, and in `policy` of audit events.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct PolicyDigest {
    bytes: [u8; 32],
    /// The first digits, since every audit event has them.
    digits: [u8; 16],
}

impl PolicyDigest {
    /// Returns the digest of a compiled policy's bytes.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let bytes: [u8; 32] = Sha256::digest(bytes).into();
        let mut digits = [0; 16];
        for (digit, shown) in to_hex(&bytes).bytes().zip(&mut digits) {
            *shown = digit;
        }
        Self { bytes, digits }
    }

    /// Returns the first 16 hexadecimal digits.
    pub fn short(&self) -> &str {
        std::str::from_utf8(&self.digits).unwrap_or_default()
    }

    /// Returns all 64 hexadecimal digits.
    pub fn full(&self) -> String {
        to_hex(&self.bytes)
    }
}

/// Writes the first 16 digits.
impl fmt::Display for PolicyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.short())
    }
}

impl fmt::Debug for PolicyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.short())
    }
}

/// Serializes the first 16 digits.
impl Serialize for PolicyDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.short())
    }
}
