//! Why a key cannot be issued, imported or changed.

use edge_auth_token::Timestamp;

use super::AttributesError;
use crate::platform::Unavailable;

/// Why a key cannot be issued, imported or changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LifecycleError {
    /// An attribute is invalid.
    #[error(transparent)]
    Attributes(#[from] AttributesError),
    /// The host has no source of randomness.
    #[error("no randomness: {0}")]
    Randomness(#[from] Unavailable),
    /// The key was revoked, which is for good.
    #[error("the key was revoked at {}, for good: issue a new one", crate::audit::rfc3339_text(*at))]
    Revoked {
        /// When.
        at: Timestamp,
    },
    /// The key expired.
    #[error("the key expired at {}: issue a new one", crate::audit::rfc3339_text(*at))]
    Expired {
        /// When.
        at: Timestamp,
    },
    /// Only the other system can give an imported key a new secret.
    #[error("an imported key cannot be rotated: issue a new key, then revoke this one")]
    RotationOfImported,
    /// The block is for imported keys.
    #[error("block `{block}` is for imported keys: issue the key in another block")]
    BlockOfImported {
        /// The block's name.
        block: String,
    },
    /// The block is for keys that are issued here.
    #[error("block `{block}` is for keys issued here: import into a block of imported keys")]
    BlockOfIssued {
        /// The block's name.
        block: String,
    },
    /// The text is not a hash of the block's algorithm.
    #[error("the hash is not {algorithm}: give its {bytes} bytes as hexadecimal or base64")]
    Hash {
        /// The algorithm's name.
        algorithm: &'static str,
        /// The length of its hashes.
        bytes: usize,
    },
}
