//! Why the log could not be administered.

use super::chain::ChainError;
use super::entry_error::EntryError;
use crate::platform::Unavailable;

/// The most bytes of a reason, and of who gave it.
pub(super) const MAX_REASON_BYTES: usize = 256;

/// Why the log could not be administered. The text is for the administrator.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// Who or why is missing, or too long.
    #[error("a reason has 1 to {MAX_REASON_BYTES} bytes, and so has who gives it")]
    Reason,
    /// There is no such entry.
    #[error("there is no entry {0}")]
    NotFound(u64),
    /// The entry revokes nothing.
    #[error("entry {0} revokes nothing, so that there is nothing to undo")]
    NotRevoked(u64),
    /// Others kept appending at the same time.
    #[error("others are writing at the same time: try again")]
    Conflict,
    /// The log is more than a snapshot can hold.
    #[error("the log is too large for a snapshot")]
    TooLarge,
    /// A snapshot of so many takes longer than whoever revokes can wait for, and more memory than
    /// some hosts have.
    #[error("a snapshot of {0} revocations is due: run `edge-auth revocations compact`")]
    NeedsOfflineCompaction(u64),
    /// A record is not believed.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// Records do not follow one another, or are not believed.
    #[error("{0}")]
    Changed(String),
    /// The last snapshot has what the log lacks.
    #[error(
        "ALERT: {0} of the last snapshot's revocations have no record any more: somebody took records out. \
         They cannot be entered under the new secret: put the records back, or keep the older secret"
    )]
    TakenOut(usize),
    /// The store did not answer.
    #[error("the store is unavailable: {0}")]
    Unavailable(#[from] Unavailable),
}

impl From<ChainError> for LedgerError {
    fn from(broken: ChainError) -> Self {
        match broken {
            ChainError::Tampered(what) => Self::Changed(what),
            ChainError::Gap => Self::Changed(
                "ALERT: records of the log are missing, and no snapshot has them: somebody took them out, or an \
                 older store was put back"
                    .to_owned(),
            ),
        }
    }
}
