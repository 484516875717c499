//! Why a snapshot is not used.

use crate::platform::Unavailable;

/// Why a snapshot is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// Somebody changed it, or it was damaged.
    #[error("the snapshot of record {sequence} is not used: {why}")]
    NotBelieved {
        /// The last record that it holds.
        sequence: u64,
        /// What is wrong with it.
        why: &'static str,
    },
    /// It was made with a secret that the policy does not name: another host may have one more.
    #[error(
        "the snapshot of record {sequence} is not used: it was made with a secret that the policy does not name"
    )]
    SecretUnknown {
        /// The last record that it holds.
        sequence: u64,
    },
}

impl SnapshotError {
    /// The message for the operator. What somebody must have changed is an alert.
    pub(in crate::revocation) fn alert(&self) -> String {
        match self {
            Self::NotBelieved { .. } => format!("ALERT: {self}"),
            Self::SecretUnknown { .. } => self.to_string(),
        }
    }
}

/// Why a snapshot was not read.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotReadError {
    /// The store did not answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// It is not believed.
    #[error(transparent)]
    NotBelieved(#[from] SnapshotError),
}
