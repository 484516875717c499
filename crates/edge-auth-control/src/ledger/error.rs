//! Why the log could not be administered.

use edge_auth::platform::Unavailable;
use edge_auth::revocation::EntryError;
use edge_auth::revocation::log::ChainError;

/// The most bytes of a reason, and of its author.
pub(super) const MAX_REASON_BYTES: usize = 256;

/// Why a change or a read of the log failed. The text is for the administrator.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The reason or its author is empty or too long.
    #[error("the reason and its author must have 1 to {MAX_REASON_BYTES} bytes each")]
    Reason,
    /// The log has no such entry.
    #[error("there is no entry {0}")]
    NotFound(u64),
    /// The entry revokes nothing.
    #[error("entry {0} does not revoke anything: undo the number of a revocation")]
    NotRevoked(u64),
    /// Other writers kept being faster.
    #[error("others are writing at the same time: try again")]
    Conflict,
    /// A snapshot cannot hold the log.
    #[error("the log is too large for a snapshot")]
    TooLarge,
    /// A snapshot of so many revocations takes longer than a command that revokes should, and more
    /// memory than some hosts have.
    #[error("a snapshot of {0} revocations is due: run `edge-auth revocations compact`")]
    NeedsOfflineCompaction(u64),
    /// A record is not believed.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The chain of records is broken.
    #[error("{0}")]
    Changed(String),
    /// The log lacks records of revocations that the last snapshot has.
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
