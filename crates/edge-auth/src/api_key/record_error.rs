//! Why a record is not believed.

use super::PepperId;

/// Why a record cannot be believed, or not be read. None of it is the caller's fault, and all of
/// it closes the door; [`MacWrong`](Self::MacWrong) is an alarm.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The MAC is not that of this record. Somebody without the peppers wrote to the store: they
    /// edited the record, or moved it from another id, block or version.
    #[error(
        "the record of key {id:?} has a wrong MAC: it was edited or moved by somebody without the \
         pepper. Find out who can write to the store"
    )]
    MacWrong {
        /// The record's id.
        id: String,
    },
    /// The record says that it belongs to another block.
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
         add it to the previous ones"
    )]
    PepperUnknown {
        /// The record's id.
        id: String,
        /// The pepper's public name.
        pepper: PepperId,
    },
    /// The pepper that sealed the record is believed no longer.
    #[error(
        "the record of key {id:?} was sealed under the pepper {pepper}, which is retired: wrap it \
         while that pepper is a previous one, or issue the key anew"
    )]
    PepperRetired {
        /// The record's id.
        id: String,
        /// The pepper's public name.
        pepper: PepperId,
    },
    /// The hash was made under a pepper that is not configured.
    #[error("the key's hash was made under the pepper {pepper}: add it to the retired ones")]
    HashPepperUnknown {
        /// The pepper's public name.
        pepper: PepperId,
    },
    /// The document is no record.
    #[error("the document of key {id:?} is no record: {detail}")]
    Envelope {
        /// The record's id.
        id: String,
        /// What is wrong.
        detail: String,
    },
    /// The body is authentic, and of a form that this version does not know.
    #[error("the record has schema {found}: a newer version of this program wrote it")]
    Schema {
        /// The schema's number.
        found: u32,
    },
    /// The body is authentic, and makes no sense.
    #[error("the record's body: {detail}")]
    Body {
        /// What is wrong.
        detail: String,
    },
    /// The document is longer than any record.
    #[error("a record of {bytes} bytes: at most {limit}; shorten metadata, scopes or networks")]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// The greatest length.
        limit: usize,
    },
}
