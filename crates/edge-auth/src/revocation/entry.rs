//! One entry of the log: what it says, who said it, why, and for how long.

use edge_auth_token::Timestamp;
use serde::{Deserialize, Serialize};

use super::identifiers::{Identifier, IssuerName, Serial};
use super::list_id::ListId;
use super::target::{LookupTag, RevocationKey, Target};

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// This is no longer to be trusted.
    Revoked(Target),
    /// What earlier entries say of this is taken back.
    Undone(Target),
    /// The record of this API key was written: a copy of it in memory may be old. Versions before
    /// this one said so without saying which version of the record it is.
    KeyChanged(Identifier),
    /// The record of this API key was written: what is in memory or in the store with a lower
    /// version is an older one.
    KeyWritten {
        /// The key's id.
        id: Identifier,
        /// The record's version.
        version: u64,
    },
    /// All that an authority's revocation list has is entered.
    ListImported(List),
}

/// A certificate revocation list (RFC 5280, section 5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// The authority's name.
    pub issuer: IssuerName,
    /// Which of the authority's lists it is.
    #[serde(rename = "key_id")]
    pub id: ListId,
    /// Its number: greater in each list than in the one before (section 5.2.3).
    pub number: Option<Serial>,
    /// When it was made; in JSON milliseconds since 1970.
    pub this_update: Timestamp,
    /// By when there is to be a newer one.
    pub next_update: Timestamp,
}

impl List {
    /// Whether both are versions of one list.
    pub(crate) fn is_same_list(&self, other: &Self) -> bool {
        self.issuer == other.issuer && self.id == other.id
    }

    /// Whether it was made before another one of the same list, as far as both say.
    pub(crate) fn is_older_than(&self, other: &Self) -> bool {
        let lower =
            self.number.as_ref().zip(other.number.as_ref()).is_some_and(|(own, other)| own < other);
        lower || self.this_update < other.this_update
    }
}

impl Event {
    /// Whether it makes less to be trusted, and never more.
    pub(super) fn takes_trust_away(&self) -> bool {
        match self {
            Self::Revoked(_) | Self::KeyChanged(_) | Self::KeyWritten { .. } => true,
            Self::Undone(_) | Self::ListImported(_) => false,
        }
    }

    pub(super) fn key(&self) -> RevocationKey<'_> {
        match self {
            Self::Revoked(target) | Self::Undone(target) => target.key(),
            Self::KeyChanged(id) | Self::KeyWritten { id, .. } => {
                RevocationKey::KeyRecord(id.as_str())
            }
            Self::ListImported(list) => RevocationKey::List(list.issuer.as_str(), list.id.as_str()),
        }
    }
}

/// An entry of the log, in its place. Only a record that was verified, or just made, becomes one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Its place in the log, from 1: what it is called by.
    pub sequence: u64,
    /// What it says.
    pub event: Event,
    /// Who said it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// When it has no meaning any more, since what it names has expired; `None` is never.
    pub until: Option<Timestamp>,
    /// What its record is found by.
    pub(super) mark: LookupTag,
    /// The MAC of its record, which the next record's covers.
    pub(super) link: RecordMac,
    /// The MAC of the record before it.
    pub(super) previous: RecordMac,
    /// Whether it was made with the secret that records are made with now.
    pub(super) current: bool,
}

/// A record's MAC.
pub(super) type RecordMac = [u8; 32];

/// What stands before the first record.
pub(super) const BEGINNING: RecordMac = [0; 32];
