//! Taking a revocation list over: what is new in it is entered, and what it no longer has is taken
//! back.

use std::collections::BTreeSet;

use edge_auth_token::Timestamp;
use serde::Serialize;

use super::{AdminError, Revocations};
use crate::audit::rfc3339_text;
use crate::certificate::{CertificateSignatures, RevokedCertificates};
use crate::platform::{ApiKeyAdmin, RevocationLog};
use crate::revocation::{
    Entry, Event, Events, IssuerName, List, LogReplay, Report, Serial, Target,
};

/// What came of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CrlImport {
    /// The authority.
    pub issuer: String,
    /// How many certificates the list has.
    pub listed: usize,
    /// How many of them were entered now.
    pub entered: usize,
    /// How many were entered before, and are no longer in it.
    pub undone: usize,
    /// By when there is to be a newer one; RFC 3339.
    pub next_update: String,
}

impl<S: ApiKeyAdmin, L: RevocationLog> Revocations<'_, S, L> {
    /// Takes over a list (DER or PEM) that one of the authorities (PEM) signed. The list itself is
    /// entered last: where one is required, it counts only when all of it is there.
    pub async fn import_list(
        &self,
        file: &[u8],
        authorities: &[u8],
        signatures: &dyn CertificateSignatures,
        reason: &str,
        now: Timestamp,
    ) -> Result<CrlImport, AdminError> {
        self.import_list_reporting(file, authorities, signatures, reason, now, &|_| {}).await
    }

    /// The same. After each batch of entries `report` is called with how far it has come.
    pub async fn import_list_reporting(
        &self,
        file: &[u8],
        authorities: &[u8],
        signatures: &dyn CertificateSignatures,
        reason: &str,
        now: Timestamp,
        report: &Report<'_>,
    ) -> Result<CrlImport, AdminError> {
        let list =
            RevokedCertificates::read(file, authorities, signatures.certificate_signatures(), now)?;
        let RevokedCertificates { key_id, number, this_update, next_update, serials, .. } = list;
        let issuer = IssuerName::from(&list.issuer);
        let list = List { issuer, key_id, number, this_update, next_update };
        let listed: BTreeSet<&str> = serials.iter().map(String::as_str).collect();
        let follows = |replay: &LogReplay| changes(&list, &listed, replay.status(now));
        let entries =
            self.ledger.enter_upon(is_of_lists, self.order(reason, now), follows, report).await?;
        let count =
            |is: fn(&Event) -> bool| entries.iter().filter(|entry| is(&entry.event)).count();
        Ok(CrlImport {
            issuer: list.issuer.to_string(),
            listed: listed.len(),
            entered: count(|event| matches!(event, Event::Revoked(_))),
            undone: count(|event| matches!(event, Event::Undone(_))),
            next_update: rfc3339_text(next_update),
        })
    }
}

/// Whether a list may change what this says, or depends on it.
fn is_of_lists(event: &Event) -> bool {
    match event {
        Event::Revoked(target) | Event::Undone(target) => {
            matches!(target, Target::CertificateSerial { listed: Some(_), .. })
        }
        Event::ListImported(_) => true,
        Event::KeyChanged(_) | Event::KeyWritten { .. } => false,
    }
}

/// What a list says that was not said before, or no longer says, and then the list itself.
fn changes<'e>(
    list: &List,
    listed: &BTreeSet<&str>,
    status: impl Iterator<Item = &'e Entry>,
) -> Result<Events, AdminError> {
    let (mut known, mut others) = (BTreeSet::new(), BTreeSet::new());
    for entry in status {
        match &entry.event {
            Event::Revoked(Target::CertificateSerial { issuer, serial, listed: Some(key_id) })
                if *issuer == list.issuer =>
            {
                // What a list by another key has, this one does not take back.
                let by_this_key = *key_id == list.key_id;
                if by_this_key { &mut known } else { &mut others }.insert(serial.as_str());
            }
            Event::ListImported(before)
                if before.issuer == list.issuer
                    && before.key_id == list.key_id
                    && list.is_older_than(before) =>
            {
                return Err(AdminError::ListOlder(list.issuer.to_string()));
            }
            _ => {}
        }
    }
    let target = |serial: &str| {
        let serial = Serial::try_from(serial.to_owned());
        let serial =
            serial.map_err(|error| AdminError::Invalid(format!("a serial number {error}")))?;
        let (issuer, listed) = (list.issuer.clone(), Some(list.key_id.clone()));
        Ok::<_, AdminError>(Target::CertificateSerial { issuer, serial, listed })
    };
    let mut events = Vec::new();
    for serial in listed.difference(&known).filter(|serial| !others.contains(*serial)) {
        events.push((Event::Revoked(target(serial)?), None));
    }
    for serial in known.difference(listed) {
        events.push((Event::Undone(target(serial)?), None));
    }
    events.push((Event::ListImported(list.clone()), None));
    Ok(events)
}
