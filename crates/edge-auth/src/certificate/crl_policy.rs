//! The revocation lookups for a certificate and for those above it.

use pki_types::CertificateDer;

use serde::{Deserialize, Serialize};

use super::canonical::{Canonical, Fingerprints};
use super::list_scope::ListCoverage;
use super::name::DistinguishedName;
use super::parsed::{self, ParsedCertificate};
use super::{serial, to_hex};
use crate::denial::Denial;
use crate::revocation::{KeyId, ListId, LookupTags, RevocationKey, RevocationSecrets};

/// The settings of a block for revocation lists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct CrlPolicy {
    /// Refuses every certificate whose issuer's list was not imported.
    pub required: bool,
    /// Accepts a list although a newer one is due.
    pub overdue_allowed: bool,
}

/// A certificate of a path: the client's own, or one above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PathCertificate {
    fingerprints: Fingerprints,
    /// `None` if the name cannot be read for sure: then no list is of this issuer.
    issuer: Option<DistinguishedName>,
    serial: String,
    /// The issuer's lists that are about it; empty if the issuer's key is not known.
    lists: Vec<ListId>,
    /// The issuer's lists that may be about it.
    possible_lists: Vec<ListId>,
    /// Whether the policy itself names it.
    named: bool,
}

/// The tags by which the revocation of one certificate of a path is found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PathTags {
    /// Of the certificate itself.
    pub own: Vec<(&'static str, LookupTags)>,
    /// Of the lists of its issuer that are about it. One that is current is enough.
    pub lists: Vec<LookupTags>,
    /// Of those that may be about it: the platform does not report enough of the certificate to
    /// know. They do not satisfy a block that requires a list.
    pub possible_lists: Vec<LookupTags>,
    /// Whether the policy itself names the certificate: then it needs no list, but one that was
    /// imported counts.
    pub named: bool,
}

impl From<&ParsedCertificate> for PathCertificate {
    fn from(parsed: &ParsedCertificate) -> Self {
        let (lists, possible_lists) = lists(&parsed.list_coverage, parsed.issuer_key_id.as_deref());
        Self {
            fingerprints: parsed.fingerprints,
            issuer: parsed.issuer.clone(),
            serial: parsed.serial.clone(),
            lists,
            possible_lists,
            named: false,
        }
    }
}

impl PathCertificate {
    pub(crate) fn read(der: &CertificateDer<'_>) -> Result<Self, Denial> {
        let parsed = parsed::parse(der)?;
        let certificate = parsed.tbs_certificate();
        let issuer_key_id = parsed::issuer_key_id(&parsed)?;
        let (lists, possible_lists) = lists(&ListCoverage::of(&parsed), issuer_key_id.as_deref());
        Ok(Self {
            fingerprints: Canonical::read(der)?.fingerprints()?,
            issuer: DistinguishedName::of(certificate.issuer()),
            serial: serial(&to_hex(certificate.serial_number().as_bytes())),
            lists,
            possible_lists,
            named: false,
        })
    }

    /// Reads the certificate of an authority that the policy names. Its own list, if it is a root,
    /// is about the certificates below it.
    pub(crate) fn read_named(der: &CertificateDer<'_>) -> Result<Self, Denial> {
        let mut read = Self::read(der)?;
        read.named = true;
        if parsed::is_self_issued(&parsed::parse(der)?)? {
            read.lists.clear();
            read.possible_lists.clear();
        }
        Ok(read)
    }

    pub(crate) fn marks(&self, secrets: &RevocationSecrets) -> PathTags {
        let mut own = Vec::new();
        for fingerprint in self.fingerprints.all() {
            own.push(("fingerprint", secrets.marks(RevocationKey::Certificate(fingerprint))));
        }
        let (mut lists, mut possible_lists) = (Vec::new(), Vec::new());
        if let Some(issuer) = self.issuer.as_ref().map(ToString::to_string) {
            let serial = RevocationKey::Serial(&issuer, &self.serial);
            own.push(("serial number", secrets.marks(serial)));
            let listed = RevocationKey::Listed(&issuer, &self.serial);
            own.push(("serial number in a list", secrets.marks(listed)));
            for list in &self.lists {
                lists.push(secrets.marks(RevocationKey::List(&issuer, list.as_str())));
            }
            for list in &self.possible_lists {
                possible_lists.push(secrets.marks(RevocationKey::List(&issuer, list.as_str())));
            }
        }
        PathTags { own, lists, possible_lists, named: self.named }
    }
}

/// Returns the lists that are about a certificate, and those that may be; none if its issuer's key
/// is not known.
fn lists(coverage: &ListCoverage, issuer_key_id: Option<&[u8]>) -> (Vec<ListId>, Vec<ListId>) {
    let Some(Ok(key)) = issuer_key_id.map(|id| KeyId::try_from(to_hex(id))) else {
        return (Vec::new(), Vec::new());
    };
    (coverage.lists(&key), coverage.possible_lists(&key))
}
