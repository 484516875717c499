//! Taking a revocation list over: what is new in it is entered, and what it no longer has is taken back.

use std::collections::BTreeSet;

use edge_auth_token::Timestamp;
use serde::Serialize;

use super::{AdminError, Revocations};
use crate::audit::rfc3339_text;
use crate::certificate::{CertificateSignatures, RevokedCertificates};
use crate::platform::{ApiKeyAdmin, RevocationLog};
use crate::revocation::{Issuer, List, Serial, Statement, Target};

/// What came of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListImport {
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
    ) -> Result<ListImport, AdminError> {
        let list = RevokedCertificates::read(file, authorities, signatures.certificate_signatures(), now)?;
        let RevokedCertificates { key_id, number, this_update, next_update, serials, .. } = list;
        let issuer = Issuer::from(&list.issuer);
        let list = List { issuer: issuer.clone(), key_id, number, this_update, next_update };
        let (mut known, mut others) = (BTreeSet::new(), BTreeSet::new());
        for entry in self.ledger.standing(now).await? {
            match entry.statement {
                Statement::Revoked(Target::CertificateSerial { issuer: own, serial, listed })
                    if own == issuer =>
                {
                    // What a person revoked, or a list by another key, this one does not take back.
                    let by_this_key = listed.as_ref() == Some(&list.key_id);
                    if by_this_key { &mut known } else { &mut others }.insert(serial.to_string());
                }
                Statement::ListImported(before)
                    if before.issuer == issuer
                        && before.key_id == list.key_id
                        && list.is_older_than(&before) =>
                {
                    return Err(AdminError::ListOlder(issuer.to_string()));
                }
                _ => {}
            }
        }
        let target = |serial: &str| {
            let serial = Serial::try_from(serial.to_owned());
            let serial = serial.map_err(|error| AdminError::Invalid(format!("a serial number {error}")))?;
            let listed = Some(list.key_id.clone());
            Ok::<_, AdminError>(Target::CertificateSerial { issuer: issuer.clone(), serial, listed })
        };
        let listed: BTreeSet<String> = serials.into_iter().collect();
        let mut statements = Vec::new();
        for serial in listed.difference(&known).filter(|serial| !others.contains(*serial)) {
            statements.push((Statement::Revoked(target(serial)?), None));
        }
        let entered = statements.len();
        for serial in known.difference(&listed) {
            statements.push((Statement::Undone(target(serial)?), None));
        }
        let undone = statements.len() - entered;
        statements.push((Statement::ListImported(list), None));
        self.ledger.enter(statements, self.order(reason, now)).await?;
        Ok(ListImport {
            issuer: issuer.to_string(),
            listed: listed.len(),
            entered,
            undone,
            next_update: rfc3339_text(next_update),
        })
    }
}
