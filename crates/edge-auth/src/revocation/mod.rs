//! What is no longer to be trusted, before it expires by itself.
//!
//! ```text
//! Ledger ── Entry ─ seal ─► log (a store keeps it) ─ open ─► Index ─► the gate asks at every use
//! (administration)          ordered, chained by MACs         (in memory)
//! ```
//!
//! An administrator appends entries to a log by the [`Ledger`]. Every instance of a gate reads what
//! is new while it is active, and keeps it in an index; an idle one reads before its next answer.
//! One that could not read for longer than the policy's bound closes.
//!
//! A record's MAC covers its sequence and the MAC of the record before it, under a secret that only
//! hosts and administrators have. So who can write to the store can neither edit, move nor insert a
//! record, and an instance that follows the log notices when what it read last is gone or another, or
//! what is new does not follow it. A revocation counts wherever its record is met; what takes one back
//! counts only in its place in the log that was read. What a snapshot has counts though its record was
//! taken out, and a snapshot is taken only if it is of the same log. What a fresh instance cannot notice
//! is an older store put back whole.
//!
//! **Marks.** Everything that can be revoked has a mark, 128 bits of an HMAC of what it is, by which
//! it is found in the store and in memory. Nobody without the secret can make two things with marks
//! that collide.
//!
//! **Snapshots** hold the marks of a whole log: in a filter those that are simply revoked, and
//! exactly those that are revoked up to some time. An instance starts with one. What the filter has
//! is confirmed, once, so that nobody is refused by accident: by the log, or else by the snapshot's
//! exact pages, which stay in the store.

mod chain;
mod compaction;
mod entry;
mod filter;
mod history;
mod index;
mod ledger;
mod limits;
mod name;
mod record;
mod secrets;
mod snapshot;
mod standing;
mod target;
mod trace;
mod watch;

pub use entry::{Entry, List, Statement};
pub use ledger::{Ledger, LedgerError, Listing, Order};
pub use limits::{HostStages, RevocationLimits};
pub use name::{Fingerprint, Issuer, KeyId, Serial, TargetError, Text};
pub use record::EntryError;
pub use secrets::{RevocationSecret, RevocationSecrets, SecretError, SecretId};
pub use snapshot::{SnapshotContent, SnapshotError, WrittenSnapshot};
pub use target::Target;

pub(crate) use history::History;
pub(crate) use index::Found;
pub(crate) use ledger::Statements;
pub(crate) use standing::{Standing, State};
pub(crate) use target::{Marks, Thing};
pub(crate) use watch::{Freshness, Watch};
