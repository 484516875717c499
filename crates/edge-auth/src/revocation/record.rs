//! An entry's record: an envelope that says with which secret it was made, around a body that is
//! read only after its MAC was checked.
//!
//! ```json
//! {"secret":"91cf3a07","mac":"…base64url…","body":"{\"schema\":1,\"previous\":\"…\",…}"}
//! ```
//!
//! The MAC covers the body's exact bytes and the record's sequence; the body has the MAC of the
//! record before it. The mark, and when the store may drop the record, follow from the body.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use edge_auth_token::Timestamp;
use serde::{Deserialize, Serialize};

use super::entry::{Entry, Event, RecordMac};
use super::secrets::{RevocationSecrets, SecretId};
use crate::derived_key::framed;
use crate::platform::RevocationRecord;

const SCHEMA: u32 = 2;
const MAX_BYTES: usize = 8 * 1024;
/// A record is kept so much longer than it has a meaning: a clock that runs ahead must not bring
/// anything back.
pub(super) const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    secret: SecretId,
    mac: String,
    body: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    schema: u32,
    previous: String,
    says: Event,
    by: String,
    reason: String,
    at: Timestamp,
    until: Option<Timestamp>,
}

/// Of a body of any schema.
#[derive(Deserialize)]
struct Versioned {
    schema: u32,
}

/// Why a record of the log is not believed. It holds nothing of what the record says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// It cannot be read.
    #[error("record {sequence} is damaged: it stops making sense at {at}")]
    Damaged {
        /// Its place in the log.
        sequence: u64,
        /// Where.
        at: String,
    },
    /// It was made with a secret that the policy does not name.
    #[error("record {sequence} was made with the secret {secret}, which the policy does not name")]
    SecretUnknown {
        /// Its place in the log.
        sequence: u64,
        /// The secret's public name.
        secret: SecretId,
    },
    /// It was made by nobody who has the secret, or not for this place.
    #[error("record {sequence} has a wrong MAC: somebody without the secret wrote or moved it")]
    MacWrong {
        /// Its place in the log.
        sequence: u64,
    },
    /// It was written by a newer version.
    #[error("record {sequence} has the schema {found}: a newer version wrote it")]
    Schema {
        /// Its place in the log.
        sequence: u64,
        /// The schema.
        found: u32,
    },
    /// It is longer than a record may be.
    #[error("record {sequence} has {bytes} bytes, {MAX_BYTES} are read")]
    TooLarge {
        /// Its place in the log.
        sequence: u64,
        /// How many.
        bytes: usize,
    },
    /// There is no secret to make it with.
    #[error("there is no secret to make records with")]
    NoSecret,
}

/// What a new entry says, before it has a place.
#[derive(Debug, Clone)]
pub(super) struct PendingEntry {
    pub event: Event,
    pub by: String,
    pub reason: String,
    pub at: Timestamp,
    pub until: Option<Timestamp>,
}

/// Makes the record of a draft for its place, and the entry that it is: its MAC is for the next.
pub(super) fn seal(
    secrets: &RevocationSecrets,
    pending: &PendingEntry,
    sequence: u64,
    previous: RecordMac,
) -> Result<(RevocationRecord, Entry), EntryError> {
    let secret = secrets.current().ok_or(EntryError::NoSecret)?;
    let body = written(
        sequence,
        &Body {
            schema: SCHEMA,
            previous: BASE64.encode(previous),
            says: pending.event.clone(),
            by: pending.by.clone(),
            reason: pending.reason.clone(),
            at: pending.at,
            until: pending.until,
        },
    )?;
    let link = secret.record.code(&authenticated(sequence, &body));
    let envelope = Envelope { secret: secret.id().clone(), mac: BASE64.encode(link), body };
    let document = written(sequence, &envelope)?;
    check_size(sequence, &document)?;
    let mark = secret.mark(pending.event.key());
    let expires_at = expires_at(pending.until);
    let record = RevocationRecord { sequence, mark: mark.to_string(), document, expires_at };
    let PendingEntry { event, by, reason, at, until } = pending.clone();
    Ok((
        record,
        Entry { sequence, event, by, reason, at, until, mark, link, previous, current: true },
    ))
}

/// When the store may drop the record of an entry.
fn expires_at(until: Option<Timestamp>) -> Option<Timestamp> {
    until.map(|until| until.plus(KEPT))
}

/// Reads a record, if its MAC and what follows from its body are right.
pub(super) fn open(
    secrets: &RevocationSecrets,
    record: &RevocationRecord,
) -> Result<Entry, EntryError> {
    let sequence = record.sequence;
    check_size(sequence, &record.document)?;
    let damaged = |error: serde_json::Error| EntryError::Damaged {
        sequence,
        at: format!("line {}, column {}", error.line(), error.column()),
    };
    let Envelope { secret: id, mac, body } =
        serde_json::from_str(&record.document).map_err(damaged)?;
    let Some(secret) = secrets.find(&id) else {
        return Err(EntryError::SecretUnknown { sequence, secret: id });
    };
    let mac = BASE64.decode(mac).unwrap_or_default();
    if !secret.record.verifies(&authenticated(sequence, &body), &mac) {
        return Err(EntryError::MacWrong { sequence });
    }
    match serde_json::from_str(&body).map_err(damaged)? {
        Versioned { schema: SCHEMA } => {}
        Versioned { schema: found } => return Err(EntryError::Schema { sequence, found }),
    }
    let Body { previous, says: event, by, reason, at, until, .. } =
        serde_json::from_str(&body).map_err(damaged)?;
    let link =
        |bytes: Vec<u8>| RecordMac::try_from(bytes).map_err(|_| EntryError::MacWrong { sequence });
    let mark = secret.mark(event.key());
    if mark.to_string() != record.mark || expires_at(until) != record.expires_at {
        return Err(EntryError::MacWrong { sequence });
    }
    Ok(Entry {
        sequence,
        mark,
        event,
        by,
        reason,
        at,
        until,
        link: link(mac)?,
        previous: link(BASE64.decode(previous).unwrap_or_default())?,
        current: secrets.current().is_some_and(|current| current.id() == secret.id()),
    })
}

fn authenticated(sequence: u64, body: &str) -> Vec<u8> {
    framed(&[&sequence.to_be_bytes(), body.as_bytes()])
}

fn written(sequence: u64, value: &impl Serialize) -> Result<String, EntryError> {
    serde_json::to_string(value)
        .map_err(|error| EntryError::Damaged { sequence, at: error.to_string() })
}

fn check_size(sequence: u64, document: &str) -> Result<(), EntryError> {
    let bytes = document.len();
    if bytes > MAX_BYTES { Err(EntryError::TooLarge { sequence, bytes }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use edge_auth_token::Secret;

    use super::*;
    use crate::revocation::{IssuerName, RevocationSecret, Serial, Target};

    #[test]
    fn an_entry_that_was_just_made_is_the_one_that_its_record_is_read_as() {
        let secret = RevocationSecret::new(&Secret::new([1; 32])).unwrap();
        let secrets = RevocationSecrets::new(secret, Vec::new()).unwrap();
        let target = Target::CertificateSerial {
            issuer: IssuerName::try_from("CN=Devices CA".to_owned()).unwrap(),
            serial: Serial::try_from("0a1b".to_owned()).unwrap(),
            listed: None,
        };
        for until in [None, Some(Timestamp::from_seconds(5_000_000_000))] {
            let pending = PendingEntry {
                event: Event::Revoked(target.clone()),
                by: "cli:ann".to_owned(),
                reason: "its key was copied".to_owned(),
                at: Timestamp::from_seconds(4_000_000_000),
                until,
            };
            let (record, entry) = seal(&secrets, &pending, 7, [1; 32]).unwrap();
            assert_eq!(open(&secrets, &record).unwrap(), entry);
        }
    }
}
