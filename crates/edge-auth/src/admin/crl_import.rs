//! Imports a certificate revocation list: enters what is new in it, and takes back what it no
//! longer has.

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

/// The result of an import.
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
    /// When a newer list is due; RFC 3339.
    pub next_update: String,
}

impl<S: ApiKeyAdmin, L: RevocationLog> Revocations<'_, S, L> {
    /// Imports a list (DER or PEM) that one of the authorities (PEM) signed. Enters the list itself
    /// last, so that it counts only when all of it is there.
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

    /// Imports a list, and calls `report` with the progress after each batch of entries.
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

/// Returns whether an import reads or changes such an event.
fn is_of_lists(event: &Event) -> bool {
    match event {
        Event::Revoked(target) | Event::Undone(target) => {
            matches!(target, Target::CertificateSerial { listed: Some(_), .. })
        }
        Event::ListImported(_) => true,
        Event::KeyChanged(_) | Event::KeyWritten { .. } => false,
    }
}

/// Returns the events for what is new in a list, for what it no longer has, and for the list
/// itself.
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
                // This list does not take back what a list by another key has.
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
            Event::Revoked(_)
            | Event::Undone(_)
            | Event::ListImported(_)
            | Event::KeyChanged(_)
            | Event::KeyWritten { .. } => {}
        }
    }
    let mut events = Vec::new();
    for serial in listed.difference(&known).filter(|serial| !others.contains(*serial)) {
        events.push((Event::Revoked(target(list, serial)?), None));
    }
    for serial in known.difference(listed) {
        events.push((Event::Undone(target(list, serial)?), None));
    }
    events.push((Event::ListImported(list.clone()), None));
    Ok(events)
}

fn target(list: &List, serial: &str) -> Result<Target, AdminError> {
    let serial = Serial::try_from(serial.to_owned())
        .map_err(|error| AdminError::Invalid(format!("a serial number {error}")))?;
    let (issuer, listed) = (list.issuer.clone(), Some(list.key_id.clone()));
    Ok(Target::CertificateSerial { issuer, serial, listed })
}
