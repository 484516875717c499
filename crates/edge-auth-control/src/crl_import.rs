//! Importing revocation lists: enters what is new in each list, and takes back what the list no
//! longer has.

use std::collections::BTreeSet;

use edge_auth_token::Timestamp;
use serde::Serialize;

use super::{AdminError, Revocations};
use crate::ledger::{Events, LogReplay, Report};
use crate::store::{ApiKeyAdmin, RevocationLog};
use edge_auth::audit::rfc3339_text;
use edge_auth::certificate::{CertificateSignatures, RevokedCertificates};
use edge_auth::revocation::{Entry, Event, List, Serial, Target};

/// The result of importing the lists of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CrlImport {
    /// The authority; several are separated by `; `.
    pub issuer: String,
    /// How many certificates the lists have.
    pub listed: usize,
    /// How many of them were entered now.
    pub entered: usize,
    /// How many were entered before, and are no longer listed.
    pub undone: usize,
    /// When the first newer list is due; RFC 3339.
    pub next_update: String,
}

impl<S: ApiKeyAdmin, L: RevocationLog> Revocations<'_, S, L> {
    /// Imports a list in DER, or every list of a PEM file. Each must be signed by one of the
    /// authorities (PEM); one bad list rejects the file. One that is older than what was imported
    /// is an error, too, but only after the others were imported: who can put an old list into the
    /// file must not hold them up. A list itself is entered after its certificates, so where one
    /// is required, it counts only when all of it is there.
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

    /// Imports as [`Self::import_list`] does, and calls `report` after each batch of entries.
    pub async fn import_list_reporting(
        &self,
        file: &[u8],
        authorities: &[u8],
        signatures: &dyn CertificateSignatures,
        reason: &str,
        now: Timestamp,
        report: &Report<'_>,
    ) -> Result<CrlImport, AdminError> {
        let signatures = signatures.certificate_signatures();
        let lists = RevokedCertificates::read_all(file, authorities, signatures, now)?;
        let (mut issuers, mut next_updates) = (BTreeSet::new(), BTreeSet::new());
        let (mut listed, mut entered, mut undone) = (0, 0, 0);
        let mut older = None;
        for imported in &lists {
            let serials: BTreeSet<&str> = imported.serials.iter().map(String::as_str).collect();
            let follows = |replay: &LogReplay| changes(imported, &serials, replay.status(now));
            let entering =
                self.ledger.enter_upon(is_of_lists, self.order(reason, now), follows, report).await;
            let entries = match entering {
                Ok(entries) => entries,
                Err(error @ AdminError::ListOlder(_)) => {
                    older = Some(error);
                    continue;
                }
                Err(error) => return Err(error),
            };
            for entry in &entries {
                match &entry.event {
                    Event::Revoked(_) => entered += 1,
                    Event::Undone(_) => undone += 1,
                    Event::ListImported(_) | Event::KeyChanged(_) | Event::KeyWritten { .. } => {}
                }
            }
            listed += serials.len();
            issuers.insert(imported.list.issuer.as_str());
            next_updates.insert(imported.list.next_update);
        }
        if let Some(error) = older {
            return Err(error);
        }
        let issuers: Vec<&str> = issuers.into_iter().collect();
        let next_update = next_updates.first().map(|time| rfc3339_text(*time));
        Ok(CrlImport {
            issuer: issuers.join("; "),
            listed,
            entered,
            undone,
            next_update: next_update.unwrap_or_default(),
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

/// Returns what a list says that was not said before, or no longer says, and then the list itself.
fn changes<'e>(
    imported: &RevokedCertificates,
    listed: &BTreeSet<&str>,
    status: impl Iterator<Item = &'e Entry>,
) -> Result<Events, AdminError> {
    let list = &imported.list;
    let (mut known, mut others) = (BTreeSet::new(), BTreeSet::new());
    for entry in status {
        match &entry.event {
            Event::Revoked(Target::CertificateSerial { issuer, serial, listed: Some(id) })
                if *issuer == list.issuer =>
            {
                // A list does not take back what another list of the authority has. What a part of
                // this list has is entered again as this list's, so that the part does not take it
                // back.
                if *id == list.id {
                    known.insert(serial.as_str());
                } else if !list.id.includes(id) {
                    others.insert(serial.as_str());
                }
            }
            Event::ListImported(before)
                if before.is_same_list(list) && list.is_older_than(before) =>
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
    if let Some(id) = &imported.any_address {
        let list = List { id: id.clone(), ..list.clone() };
        events.push((Event::ListImported(list), None));
    }
    events.push((Event::ListImported(list.clone()), None));
    Ok(events)
}

fn target(list: &List, serial: &str) -> Result<Target, AdminError> {
    let serial = Serial::try_from(serial.to_owned())
        .map_err(|error| AdminError::Invalid(format!("a serial number {error}")))?;
    let (issuer, listed) = (list.issuer.clone(), Some(list.id.clone()));
    Ok(Target::CertificateSerial { issuer, serial, listed })
}
