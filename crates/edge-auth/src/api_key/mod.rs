//! API keys: their text, their records, and what may be done with them.
//!
//! A key reads `{prefix}_{environment}_{id}_{secret}{crc}`. All after the environment is base62
//! (`0-9A-Za-z`, in this order), each part of one length:
//!
//! | part | characters | what it is |
//! |---|---|---|
//! | id | 12 + 6 | 71 random bits, and a tag: 35 bits of an HMAC over all before it |
//! | secret | 43 | 256 random bits |
//! | crc | 6 | CRC-32 (IEEE) of all before it, for scanners and typing errors |
//!
//! The tag lets forged and mistyped ids die before any store is read: a checksum alone can be
//! computed by anyone. The secret is random, not chosen by a person, so there is nothing to guess
//! from a dictionary, and one keyed hash is all the protection that its record needs: a slow
//! password hash would cost every request and gain nothing.
//!
//! ```text
//! text ── ApiKeyBlock::parse ─► PresentedKey        no I/O: junk and forgeries end here
//!                                  │ record_id
//! store ─ ApiKeyRecord ─ open ─► ApiKey ─ check ─► Ok, or a KeyRefusal
//! ```
//!
//! A record is believed only under its MAC, which covers its id, block and version: who can write
//! to the store can neither widen a key's scopes nor move a hash to another id. What a MAC cannot
//! show is that an older record was put back whole, or that one was deleted.
//!
//! **Peppers** are the deployment's secrets behind tags, hashes and MACs. To rotate one, the new
//! pepper becomes the current one and the old one a previous one; every record is then
//! [wrapped](ApiKey::rewrap), and the old one becomes retired. It can never be removed while keys
//! issued under it live: their ids are tagged, and their hashes begun, with it.

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
pub use pepper::{Pepper, PepperId, Peppers};
pub use plaintext::PlaintextKey;
pub use profile::{ApiKeyProfile, PresentedKey};
pub use profile_error::ProfileError;
pub use record::claimed_block;
pub use record_error::RecordError;
pub use refusal::KeyRefusal;
