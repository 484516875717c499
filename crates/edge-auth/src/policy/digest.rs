//! The name of exactly one compiled policy.

use std::fmt;

use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

/// The SHA-256 of a compiled policy. The same source gives the same digest on every host.
///
/// It is shown by its first 16 hexadecimal digits: in the log, and in `policy` of audit events.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct PolicyDigest([u8; 32]);

impl PolicyDigest {
    /// Returns the digest of a compiled policy's bytes.
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Returns all 64 hexadecimal digits.
    pub fn full(&self) -> String {
        crate::hexadecimal::to_hex(&self.0)
    }
}

/// Writes the first 16 digits.
impl fmt::Display for PolicyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().take(8).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PolicyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Serializes the first 16 digits.
impl Serialize for PolicyDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
