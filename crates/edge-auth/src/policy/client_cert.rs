//! `[[client_cert]]`, compiled: the source of certificates, their issuers, and whom they name.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::certificate::{CertificateSource, CrlPolicy, Identity, Pins};
use crate::scopes::Scopes;

/// One block; its authorities are read when a gate is built.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct ClientCertPolicy {
    pub name: String,
    pub source: CertificateSource,
    /// The field that its proxy uses instead of the source's usual one.
    pub header: Option<String>,
    /// The authorities' certificates. Only `tls` may leave it out: then they are the listener's.
    pub ca_file: Option<PathBuf>,
    /// The line of `ca_file` in the policy.
    pub line: Option<usize>,
    pub pins: Pins,
    pub identity: Identity,
    pub scopes: Scopes,
    pub lists: CrlPolicy,
}

impl ClientCertPolicy {
    /// Whether the gate verifies its certificates by their pinned fingerprints alone, without an
    /// authority.
    pub(crate) fn is_pinned(&self) -> bool {
        self.source.brings_chain() && self.ca_file.is_none() && !self.pins.fingerprints.is_empty()
    }

    /// Returns what in this block weakens the gate.
    pub(super) fn weakness(&self) -> Option<String> {
        if !self.lists.overdue_allowed {
            return None;
        }
        let what = "a revocation list is believed though a newer one is due";
        Some(format!("client_cert `{}`: insecure_overdue_crl: {what}", self.name))
    }
}
