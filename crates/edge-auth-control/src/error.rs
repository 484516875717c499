//! The errors of the administration.

use crate::ledger::LedgerError;
use edge_auth::api_key::{LifecycleError, RecordError};
use edge_auth::certificate::CrlError;
use edge_auth::platform::Unavailable;

/// An error of the administration. The text is for the administrator.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdminError {
    /// The request is malformed or contradicts itself.
    #[error("{0}")]
    Invalid(String),
    /// The policy has no such block of keys.
    #[error("the policy has no `[[api_key]]` block `{0}`")]
    BlockUnknown(String),
    /// The store has no such key.
    #[error("there is no key with the id `{0}`")]
    NotFound(String),
    /// The administrator belongs to a tenant, and this is not the tenant's.
    #[error("{0}")]
    TenantLimit(String),
    /// The key's state does not allow it.
    #[error(transparent)]
    Lifecycle(#[from] LifecycleError),
    /// A key with this id, or with the hash to import, exists already.
    #[error("a key with the id `{0}` exists already")]
    Exists(String),
    /// Other administrators kept changing the key at the same time.
    #[error("the key `{0}` is being changed by others at the same time: try again")]
    Conflict(String),
    /// The stored record names a block that the policy does not have.
    #[error(
        "the record of key `{id}` belongs to the block `{block}`, which the policy does not have"
    )]
    RecordOfUnknownBlock {
        /// The record's id.
        id: String,
        /// The block that it names, made printable.
        block: String,
    },
    /// The stored record is not trusted.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The stored record is older than the newest one that was written.
    #[error(
        "ALERT: the record of key `{id}` has the version {found}, and version {known} was written: an older \
         record was put back"
    )]
    RecordOlder {
        /// The record's id, made printable.
        id: String,
        /// Its version.
        found: u64,
        /// The version that was written.
        known: u64,
    },
    /// The key was changed, and the revocation feed could not announce it.
    #[error(
        "the key was changed, but the revocation feed did not take it: hosts that remember the key may not \
         know for some minutes. Do it again: {0}"
    )]
    Unannounced(#[source] LedgerError),
    /// The policy has no revocation feed.
    #[error("there is no revocation feed: the policy names no `[revocation] secret`")]
    NoFeed,
    /// The revocation log could not be read or changed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A revocation list cannot be imported.
    #[error(transparent)]
    List(#[from] CrlError),
    /// A newer list was imported before.
    #[error("a newer list of `{0}` was imported before")]
    ListOlder(String),
    /// The store did not answer.
    #[error("the store is unavailable: {0}")]
    Unavailable(#[from] Unavailable),
}

impl AdminError {
    /// Returns the stable code, and the HTTP status of the administrative endpoint.
    pub fn code(&self) -> (&'static str, u16) {
        match self {
            Self::Invalid(_) | Self::BlockUnknown(_) | Self::Ledger(LedgerError::Reason) => {
                ("request_invalid", 400)
            }
            Self::NotFound(_) => ("key_not_found", 404),
            Self::TenantLimit(_) => ("tenant_limit", 403),
            Self::Lifecycle(
                LifecycleError::Attributes(_)
                | LifecycleError::Hash { .. }
                | LifecycleError::BlockOfImported { .. }
                | LifecycleError::BlockOfIssued { .. },
            ) => ("request_invalid", 400),
            Self::Lifecycle(LifecycleError::Randomness(_)) | Self::Unavailable(_) => {
                ("store_unavailable", 503)
            }
            Self::Lifecycle(_) => ("key_state", 409),
            Self::Exists(_) => ("key_exists", 409),
            Self::Conflict(_) => ("key_conflict", 409),
            Self::Unannounced(_) => ("key_change_unannounced", 503),
            Self::NoFeed => ("revocation_off", 409),
            Self::List(_) => ("list_invalid", 422),
            Self::ListOlder(_) => ("list_older", 409),
            Self::Ledger(LedgerError::NotFound(_)) => ("revocation_not_found", 404),
            Self::Ledger(LedgerError::NotRevoked(_)) => ("revocation_state", 409),
            Self::Ledger(LedgerError::Conflict) => ("revocation_conflict", 409),
            Self::Ledger(LedgerError::Unavailable(_)) => ("store_unavailable", 503),
            Self::Ledger(_) => ("revocation_log_untrusted", 409),
            Self::RecordOfUnknownBlock { .. } | Self::Record(_) | Self::RecordOlder { .. } => {
                ("key_record_untrusted", 409)
            }
        }
    }
}
