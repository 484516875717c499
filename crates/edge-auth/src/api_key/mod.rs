//! API keys: their text, their records, and their lifecycle.
//!
//! A key reads `{prefix}_{environment}_{id}_{secret}{crc}`. The parts after the environment are
//! base62 (`0-9A-Za-z`, in this order) of fixed lengths:
//!
//! | part | characters | what it is |
//! |---|---|---|
//! | id | 12 + 6 | 71 random bits, and a tag: 35 bits of an HMAC over everything before it |
//! | secret | 43 | 256 random bits |
//! | crc | 6 | CRC-32 (IEEE) of everything before it, for scanners and typing errors |
//!
//! The gate refuses forged and mistyped ids by the tag, before any read of a store; a checksum
//! alone can be computed by anyone. The secret is random, so a dictionary does not help to guess
//! it, and one keyed hash protects its record. A slow password hash would cost every request and
//! gain nothing.
//!
//! ```text
//! text ── ApiKeyProfile::parse ─► PresentedKey      no I/O: refuses junk and forgeries
//!                                  │ record_id
//! store ─ ApiKeyRecord ─ open ─► ApiKey ─ check ─► Ok, or a KeyRefusal
//! ```
//!
//! A record has a MAC over its content, id, block and version. An attacker who can write to the
//! store can neither widen a key's scopes nor move a hash to another id. The MAC does not reveal
//! that an older record was restored whole, or that one was deleted.
//!
//! **Peppers** are the deployment's secrets behind tags, hashes and MACs. To rotate, make the new
//! pepper current and the old one previous, [wrap](ApiKey::rewrap) every record, and then make the
//! old one retired. Keep a retired pepper as long as keys live that were issued under it: it
//! tagged their ids and began their hashes.

mod attributes;
mod attributes_error;
mod base62;
mod format;
mod hash;
mod imported;
mod key;
mod lifecycle;
mod lifecycle_error;
mod pepper;
mod pepper_id;
mod plaintext;
mod profile;
mod profile_error;
mod record;
mod record_error;
mod refusal;
#[cfg(test)]
mod tests;

pub use attributes::{Expiry, KeyStatus, NewKey};
pub use attributes_error::AttributesError;
pub use format::KeyFormat;
pub use imported::{DigestAlgorithm, ImportedFormat};
pub use key::ApiKey;
pub use lifecycle_error::LifecycleError;
pub use pepper::{Pepper, Peppers};
pub use pepper_id::PepperId;
pub use plaintext::PlaintextKey;
pub use profile::{ApiKeyProfile, PresentedKey};
pub use profile_error::ProfileError;
pub use record::claimed_block;
pub use record_error::RecordError;
pub use refusal::KeyRefusal;
