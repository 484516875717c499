//! Why a record of the log is not believed.

use super::secrets::SecretId;

/// The longest record, in bytes.
pub(super) const MAX_BYTES: usize = 8 * 1024;

/// Why a record of the log is not believed. It repeats nothing of the record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// It is not a record.
    #[error("record {sequence} is damaged at {at}")]
    Damaged {
        /// Its place in the log.
        sequence: u64,
        /// The line and column of the JSON.
        at: String,
    },
    /// It was made with a secret that the policy does not name.
    #[error("record {sequence} was made with the secret {secret}, which the policy does not name")]
    SecretUnknown {
        /// Its place in the log.
        sequence: u64,
        /// The secret's public name.
        secret: SecretId,
    },
    /// Its MAC is not one for this place, under the secret that it names.
    #[error("record {sequence} has a wrong MAC: somebody without the secret wrote or moved it")]
    MacWrong {
        /// Its place in the log.
        sequence: u64,
    },
    /// A newer version wrote it.
    #[error("record {sequence} has the schema {found}: a newer version of edge-auth wrote it")]
    Schema {
        /// Its place in the log.
        sequence: u64,
        /// The schema.
        found: u32,
    },
    /// It is longer than a record may be.
    #[error("record {sequence} has {bytes} bytes, more than the {MAX_BYTES} of the longest record")]
    TooLarge {
        /// Its place in the log.
        sequence: u64,
        /// Its length.
        bytes: usize,
    },
    /// The policy has no secret to make records with.
    #[error("the policy has no secret to make records with: set `[revocation] secret`")]
    NoSecret,
}
