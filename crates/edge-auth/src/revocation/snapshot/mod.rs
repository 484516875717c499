//! A whole log in a few bytes for each entry.
//!
//! ```text
//! index: timed entries: mark (16 bytes), time, until (u64 each), in the order of marks
//!        a filter of everything that is simply revoked
//! pages: the filter's entries, exactly: mark (16 bytes), until (u64), in the order of marks
//! ```
//!
//! Numbers are little-endian, times milliseconds since 1970; an `until` of all ones is never. An
//! instance keeps the index. It reads a page only where the log does not confirm a hit of the
//! filter.
//!
//! The store keeps the bytes in parts, those of the index first. The manifest has the lengths, and
//! the digest of each part under its MAC.

mod content;
mod error;
mod layout;
mod loaded;
mod manifest;
mod page;

pub use content::{SnapshotContent, WrittenSnapshot};
pub use error::{SnapshotError, SnapshotReadError};
pub use loaded::Snapshot;
pub use manifest::Manifest;
pub(super) use page::Hit;
