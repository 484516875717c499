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
//! [wrapped](ApiKey::wrap), and the old one becomes retired. It can never be removed while keys
//! issued under it live: their ids are tagged, and their hashes begun, with it.

mod base62;
mod block;
mod block_error;
mod hash;
mod imported;
mod key;
mod key_text;
mod lifecycle;
mod lifecycle_error;
mod native;
mod pepper;
mod record;
mod record_error;
mod refusal;
mod terms;
mod terms_error;
#[cfg(test)]
mod tests;

pub use block::{ApiKeyBlock, PresentedKey};
pub use block_error::BlockError;
pub use imported::{DigestAlgorithm, ImportedFormat};
pub use key::ApiKey;
pub use key_text::KeyText;
pub use lifecycle_error::LifecycleError;
pub use native::KeyFormat;
pub use pepper::{Pepper, PepperId, Peppers};
pub use record::claimed_block;
pub use record_error::RecordError;
pub use refusal::KeyRefusal;
pub use terms::{Expiry, NewKey, State};
pub use terms_error::TermsError;
