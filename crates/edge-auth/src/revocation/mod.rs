//! Revocation: refusing a credential before it expires.
//!
//! ```text
//! Ledger ── Entry ─ seal ─► log (a store keeps it) ─ open ─► Index ─► the gate, at every use
//! (administration)          ordered, chained by MACs         (in memory)
//! ```
//!
//! The control plane appends entries to a log. An active instance of
//! a gate reads new entries in the background and keeps them in an index; an idle one reads before
//! its next answer. An instance whose last read is older than
//! the policy's bound, less `gateway_cache`, refuses every credential that a revocation could be
//! about, except where a rule has `insecure_allow_stale_revocation`.
//!
//! A record's MAC covers its sequence and the MAC of the record before it, under a secret that
//! only hosts and administrators have. An attacker who can write to the store can neither edit,
//! move nor insert a record. An instance that follows the log notices when the record that it read
//! last is gone or changed, or when a new record does not follow it. A revocation counts wherever
//! its record is met. An undoing counts only in its place in the log. An entry in a snapshot
//! counts even if its record was taken out, and an instance takes only a snapshot of the same log.
//! A new instance cannot notice that an older store was restored whole.
//!
//! **Marks.** Everything that can be revoked has a mark: 128 bits of an HMAC of its identity, by
//! which the store and the index find it. Without the secret, an attacker cannot make two things
//! whose marks collide.
//!
//! **Snapshots** hold the marks of a whole log: a filter of everything that is simply revoked, and
//! exact entries of everything that is revoked up to some time. An instance starts with one. It
//! confirms a hit of the filter once, so that an accidental hit refuses no one: by the log, or
//! else by the snapshot's exact pages, which stay in the store.

mod chain;
mod entry;
mod entry_error;
mod envelope;
mod filter;
mod identifiers;
mod index;
mod limits;
mod list_id;
mod read_times;
mod record;
mod replica;
mod secrets;
mod snapshot;
mod status;
mod target;
#[cfg(test)]
mod tests;
mod trace;

pub use entry::{Entry, Event, List};
pub use entry_error::EntryError;
pub use identifiers::{Fingerprint, Identifier, IssuerName, KeyId, Serial, TargetError};
pub use limits::{HostStages, RevocationLimits};
pub use list_id::ListId;
pub use read_times::{Freshness, ReadTimes};
pub use secrets::{RevocationSecret, RevocationSecrets, SecretError, SecretId};
pub use snapshot::{SnapshotContent, SnapshotError, WrittenSnapshot};
pub use target::Target;

pub(crate) use index::Lookup;
pub(crate) use list_id::ListAddress;
pub(crate) use replica::Replica;
pub(crate) use status::{RevocationStatus, StatusKind};
pub(crate) use target::{LookupTags, RevocationKey};

/// The format of the log, for the control plane, which writes it.
pub mod log {
    pub use super::chain::{ChainError, Cursor, PAGE};
    pub use super::entry::RecordMac;
    pub use super::record::{PendingEntry, open, seal};
    pub use super::snapshot::{Manifest, Snapshot, SnapshotReadError};
    pub use super::status::{RevocationStatus, StatusKind, unless_always};
    pub use super::target::{LookupTag, LookupTags, RevocationKey};
}
