//! Why a key cannot be changed as wished.

use edge_auth_token::Timestamp;

use super::AttributesError;
use crate::platform::Unavailable;

/// Why something cannot be done with a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LifecycleError {
    /// The wishes for the key cannot be met.
    #[error(transparent)]
    Attributes(#[from] AttributesError),
    /// The host has no randomness.
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
    /// Only the other system could give an imported key a new secret.
    #[error("an imported key cannot be rotated: issue a new key, then revoke this one")]
    RotationOfImported,
    /// Keys are not issued in a block of imported ones.
    #[error("block `{block}` is for imported keys: issue the key in another block")]
    BlockOfImported {
        /// The block's name.
        block: String,
    },
    /// Hashes are not imported into a block of issued keys.
    #[error("block `{block}` is for keys issued here: import into a block of imported keys")]
    BlockOfIssued {
        /// The block's name.
        block: String,
    },
    /// The text is no hash of the block's algorithm.
    #[error("the hash is not {algorithm}: {bytes} bytes as hexadecimal or base64 are wanted")]
    Hash {
        /// The algorithm's name.
        algorithm: &'static str,
        /// The length of its hashes.
        bytes: usize,
    },
}
