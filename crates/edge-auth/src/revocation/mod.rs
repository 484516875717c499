//! What is no longer to be trusted, before it expires by itself.
//!
//! ```text
//! Ledger ── Entry ─ seal ─► log (a store keeps it) ─ open ─► Index ─► the gate asks at every use
//! (administration)          ordered, chained by MACs         (in memory)
//! ```
//!
//! An administrator appends entries to a log by the [`RevocationLedger`]. Every instance of a gate
//! reads what is new while it is active, and keeps it in an index; an idle one reads before its
//! next answer. One that could not read for longer than the policy's bound closes.
//!
//! A record's MAC covers its sequence and the MAC of the record before it, under a secret that only
//! hosts and administrators have. So who can write to the store can neither edit, move nor insert a
//! record, and an instance that follows the log notices when what it read last is gone or another,
//! or what is new does not follow it. A revocation counts wherever its record is met; what takes
//! one back counts only in its place in the log that was read. What a snapshot has counts though
//! its record was taken out, and a snapshot is taken only if it is of the same log. What a fresh
//! instance cannot notice is an older store put back whole.
//!
//! **Marks.** Everything that can be revoked has a mark, 128 bits of an HMAC of what it is, by
//! which it is found in the store and in memory. Nobody without the secret can make two things with
//! marks that collide.
//!
//! **Snapshots** hold the marks of a whole log: in a filter those that are simply revoked, and
//! exactly those that are revoked up to some time. An instance starts with one. What the filter has
//! is confirmed, once, so that nobody is refused by accident: by the log, or else by the snapshot's
//! exact pages, which stay in the store.

mod chain;
mod compaction;
mod entry;
mod entry_error;
mod envelope;
mod filter;
mod identifiers;
mod index;
mod ledger;
mod ledger_error;
mod limits;
mod list_id;
mod record;
mod replay;
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
pub use ledger::{ChangeMeta, Listing, Progress, RevocationLedger};
pub use ledger_error::LedgerError;
pub use limits::{HostStages, RevocationLimits};
pub use list_id::ListId;
pub use secrets::{RevocationSecret, RevocationSecrets, SecretError, SecretId};
pub use snapshot::{SnapshotContent, SnapshotError, WrittenSnapshot};
pub use target::Target;

pub(crate) use index::Lookup;
pub(crate) use ledger::{Events, Report};
pub(crate) use list_id::ListAddress;
pub(crate) use replay::LogReplay;
pub(crate) use replica::{Freshness, Replica};
pub(crate) use status::{RevocationStatus, StatusKind};
pub(crate) use target::{LookupTags, RevocationKey};
