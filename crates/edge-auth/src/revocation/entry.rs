//! One entry of the log: the event, its author, the reason, and how long it counts.

use edge_auth_token::Timestamp;
use serde::{Deserialize, Serialize};

use super::identifiers::{Identifier, IssuerName, Serial};
use super::list_id::ListId;
use super::target::{LookupTag, RevocationKey, Target};

/// The event of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// This target is revoked.
    Revoked(Target),
    /// Earlier revocations of this target are taken back.
    Undone(Target),
    /// The record of this API key was written: a copy of it in memory may be old. Older versions of
    /// edge-auth wrote this event, without the record's version.
    KeyChanged(Identifier),
    /// The record of this API key was written: a record with a lower version is outdated.
    KeyWritten {
        /// The key's id.
        id: Identifier,
        /// The record's version.
        version: u64,
    },
    /// All revocations of an authority's list are entered.
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
    /// When a newer list is due.
    pub next_update: Timestamp,
}

impl List {
    /// Whether both are versions of one list.
    pub fn is_same_list(&self, other: &Self) -> bool {
        self.issuer == other.issuer && self.id == other.id
    }

    /// Whether it is older than another version of the same list, by its number or its time.
    pub fn is_older_than(&self, other: &Self) -> bool {
        let has_lower_number = match (&self.number, &other.number) {
            (Some(number), Some(others)) => number < others,
            (Some(_), None) | (None, Some(_) | None) => false,
        };
        has_lower_number || self.this_update < other.this_update
    }
}

impl Event {
    /// Whether it can only take trust away.
    pub(super) fn takes_trust_away(&self) -> bool {
        match self {
            Self::Revoked(_) | Self::KeyChanged(_) | Self::KeyWritten { .. } => true,
            Self::Undone(_) | Self::ListImported(_) => false,
        }
    }

    /// Returns the key that its mark is made from.
    pub fn key(&self) -> RevocationKey<'_> {
        match self {
            Self::Revoked(target) | Self::Undone(target) => target.key(),
            Self::KeyChanged(id) | Self::KeyWritten { id, .. } => {
                RevocationKey::KeyRecord(id.as_str())
            }
            Self::ListImported(list) => RevocationKey::List(list.issuer.as_str(), list.id.as_str()),
        }
    }
}

/// An entry of the log, in its place. It comes from a record that was verified or just made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Its place in the log, from 1; its number for people.
    pub sequence: u64,
    /// The event.
    pub event: Event,
    /// Its author.
    pub by: String,
    /// The reason.
    pub reason: String,
    /// When it was made.
    pub at: Timestamp,
    /// When it lapses, since its target has expired; `None` is never.
    pub until: Option<Timestamp>,
    /// The mark of its target.
    pub mark: LookupTag,
    /// The MAC of its record, which the next record's covers.
    pub link: RecordMac,
    /// The MAC of the record before it.
    pub previous: RecordMac,
    /// Whether it was made with the current secret.
    pub current: bool,
}

/// A record's MAC.
pub type RecordMac = [u8; 32];

/// The MAC before the first record.
pub(super) const BEGINNING: RecordMac = [0; 32];
