//! The record of an entry: a sealed document.
//!
//! ```json
//! {"secret":"91cf3a07","mac":"…base64url…","body":"{\"schema\":2,\"previous\":\"…\",…}"}
//! ```
//!
//! The MAC covers the record's sequence and the body, and the body has the MAC of the record
//! before it. The mark, and when the store may drop the record, follow from the body.

use std::borrow::Cow;
use std::time::Duration;

use base64::Engine;
use edge_auth_token::Timestamp;
use serde::{Deserialize, Serialize};

use super::entry::{Entry, Event, RecordMac};
use super::entry_error::{EntryError, MAX_BYTES};
use super::envelope::RevocationEnvelope;
use super::secrets::RevocationSecrets;
use crate::platform::RevocationRecord;
use crate::sealed_document::{self, BASE64, DocumentError, DocumentFormat, decode_digest};

const SCHEMA: u32 = 2;
const FORMAT: DocumentFormat = DocumentFormat { max_bytes: MAX_BYTES, schemas: SCHEMA..=SCHEMA };
/// How long a record is kept after its entry lapsed, so that a clock that runs ahead brings
/// nothing back.
pub(super) const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordBody<'a> {
    schema: u32,
    previous: String,
    says: Cow<'a, Event>,
    by: Cow<'a, str>,
    reason: Cow<'a, str>,
    at: Timestamp,
    until: Option<Timestamp>,
}

impl sealed_document::Body for RecordBody<'_> {
    fn schema(&self) -> u32 {
        self.schema
    }
}

/// An entry before it has a place in the log.
#[derive(Debug, Clone)]
pub struct PendingEntry {
    /// What happened.
    pub event: Event,
    /// Who did it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// When the entry lapses; `None` is never.
    pub until: Option<Timestamp>,
}

/// Makes the record of a pending entry for its place. Returns the entry, too: the next record
/// has its MAC.
pub fn seal(
    secrets: &RevocationSecrets,
    pending: &PendingEntry,
    sequence: u64,
    previous: RecordMac,
) -> Result<(RevocationRecord, Entry), EntryError> {
    let secret = secrets.current().ok_or(EntryError::NoSecret)?;
    let PendingEntry { event, by, reason, at, until } = pending;
    let body = RecordBody {
        schema: SCHEMA,
        previous: BASE64.encode(previous),
        says: Cow::Borrowed(event),
        by: Cow::Borrowed(by),
        reason: Cow::Borrowed(reason),
        at: *at,
        until: *until,
    };
    let sealed =
        FORMAT
            .seal(&body, &secret.record, &[&sequence.to_be_bytes()], |mac, body| {
                RevocationEnvelope { secret: secret.id().clone(), mac, body }
            })
            .map_err(|error| refused(sequence, error))?;
    let mark = secret.mark(event.key());
    let record = RevocationRecord {
        sequence,
        mark: mark.to_string(),
        document: sealed.text,
        expires_at: expires_at(*until),
    };
    let entry = Entry {
        sequence,
        event: event.clone(),
        by: by.clone(),
        reason: reason.clone(),
        at: *at,
        until: *until,
        mark,
        link: sealed.mac,
        previous,
        current: true,
    };
    Ok((record, entry))
}

/// Reads a record, if its MAC is right and its mark and lifetime are those of its body.
pub fn open(secrets: &RevocationSecrets, record: &RevocationRecord) -> Result<Entry, EntryError> {
    let sequence = record.sequence;
    let envelope: RevocationEnvelope =
        FORMAT.envelope(&record.document).map_err(|error| refused(sequence, error))?;
    let Some(secret) = secrets.find(&envelope.secret) else {
        return Err(EntryError::SecretUnknown { sequence, secret: envelope.secret });
    };
    let (body, link): (RecordBody<'_>, _) = FORMAT
        .open(&envelope, &secret.record, &[&sequence.to_be_bytes()])
        .map_err(|error| refused(sequence, error))?;
    let RecordBody { schema: _, previous, says, by, reason, at, until } = body;
    let previous = decode_digest(&previous).ok_or(EntryError::MacWrong { sequence })?;
    let event = says.into_owned();
    let mark = secret.mark(event.key());
    if mark.to_string() != record.mark || expires_at(until) != record.expires_at {
        return Err(EntryError::MacWrong { sequence });
    }
    Ok(Entry {
        sequence,
        mark,
        event,
        by: by.into_owned(),
        reason: reason.into_owned(),
        at,
        until,
        link,
        previous,
        current: secrets.current().is_some_and(|current| current.id() == secret.id()),
    })
}

/// When the store may drop the record of an entry.
fn expires_at(until: Option<Timestamp>) -> Option<Timestamp> {
    until.map(|until| until.plus(KEPT))
}

fn refused(sequence: u64, error: DocumentError) -> EntryError {
    match error {
        DocumentError::TooLarge { bytes } => EntryError::TooLarge { sequence, bytes },
        DocumentError::MacWrong => EntryError::MacWrong { sequence },
        DocumentError::Schema(found) => EntryError::Schema { sequence, found },
        DocumentError::Envelope(at) | DocumentError::Body(at) => {
            EntryError::Damaged { sequence, at: at.to_string() }
        }
    }
}

#[cfg(test)]
mod tests {
    use edge_auth_token::Secret;

    use super::*;
    use crate::revocation::{IssuerName, RevocationSecret, Serial, Target};

    #[test]
    fn opening_a_record_returns_the_entry_that_sealing_it_returned() {
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
