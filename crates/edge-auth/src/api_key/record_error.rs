//! Why a record is not believed.

use super::PepperId;

/// Why a record is not believed, or cannot be read. The caller is never at fault, and the key is
/// refused; [`MacWrong`](Self::MacWrong) is an alarm.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The MAC is not for this record. Somebody without the peppers wrote to the store: they edited
    /// the record, or moved it from another id, block or version.
    #[error(
        "the record of key {id:?} has a wrong MAC: somebody without the pepper edited or moved it. \
         Find out who can write to the store"
    )]
    MacWrong {
        /// The record's id.
        id: String,
    },
    /// The record belongs to another block.
    #[error("the record of key {id:?} belongs to the block {block:?}")]
    OtherBlock {
        /// The record's id.
        id: String,
        /// The block that it names.
        block: String,
    },
    /// The pepper that sealed the record is not configured.
    #[error(
        "the record of key {id:?} was sealed under the pepper {pepper}, which is not configured: \
         add it to the previous peppers"
    )]
    PepperUnknown {
        /// The record's id.
        id: String,
        /// The pepper's public name.
        pepper: PepperId,
    },
    /// The pepper that sealed the record is retired.
    #[error(
        "the record of key {id:?} was sealed under the pepper {pepper}, which is retired: make it a \
         previous pepper and run `edge-auth keys wrap`, or issue a new key"
    )]
    PepperRetired {
        /// The record's id.
        id: String,
        /// The pepper's public name.
        pepper: PepperId,
    },
    /// The hash was made under a pepper that is not configured.
    #[error("the key's hash was made under the pepper {pepper}: add it to the retired peppers")]
    HashPepperUnknown {
        /// The pepper's public name.
        pepper: PepperId,
    },
    /// The document is not a record.
    #[error("the record of key {id:?} is damaged: {detail}")]
    Envelope {
        /// The record's id.
        id: String,
        /// What is wrong.
        detail: String,
    },
    /// The body is authentic, and a newer version wrote it.
    #[error("the record has schema {found}: a newer version of edge-auth wrote it")]
    Schema {
        /// The schema's number.
        found: u32,
    },
    /// The body is authentic, and invalid.
    #[error("the record's body is invalid: {detail}")]
    Body {
        /// What is wrong.
        detail: String,
    },
    /// The document is longer than a record may be.
    #[error(
        "the record has {bytes} bytes, and at most {limit} are allowed: shorten metadata, scopes or \
         networks"
    )]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// The greatest length.
        limit: usize,
    },
}
