//! What is asked about the revocation of a certificate, and of those above it.

use pki_types::CertificateDer;

use super::canonical::{Canonical, Fingerprints};
use super::name::DistinguishedName;
use super::parsed::{self, ParsedCertificate};
use super::to_hex;
use crate::denial::Denial;
use crate::revocation::{LookupTags, RevocationKey, RevocationSecrets};

/// What a block says of revocation lists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct CrlPolicy {
    /// Without the list of its issuer no certificate is good.
    pub required: bool,
    /// A list counts though a newer one is due.
    pub overdue_allowed: bool,
}

/// A certificate of a path: the client's own, or one above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PathCertificate {
    fingerprints: Fingerprints,
    /// `None` if it cannot be read for sure: no list is of such an issuer.
    issuer: Option<DistinguishedName>,
    serial: String,
    /// The identifier of the issuer's key, hexadecimal. `None` if it is not told: no list is of
    /// such an issuer either.
    issuer_key_id: Option<String>,
    /// Whether the policy itself names it.
    named: bool,
}

impl From<&ParsedCertificate> for PathCertificate {
    fn from(facts: &ParsedCertificate) -> Self {
        let ParsedCertificate { fingerprints, issuer, serial, issuer_key_id, .. } = facts;
        let issuer_key_id = issuer_key_id.as_deref().map(to_hex);
        Self {
            fingerprints: *fingerprints,
            issuer: issuer.clone(),
            serial: serial.clone(),
            issuer_key_id,
            named: false,
        }
    }
}

/// By what the revocation of one certificate of a path is found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PathTags {
    /// Of the certificate itself.
    pub own: Vec<(&'static str, LookupTags)>,
    /// Of the list of its issuer, by the key that issued it.
    pub list: Option<LookupTags>,
    /// Whether the policy itself names it: then it needs no list, though one that is there counts.
    pub named: bool,
}

impl PathCertificate {
    pub(crate) fn read(der: &CertificateDer<'_>) -> Result<Self, Denial> {
        let parsed = parsed::parse(der)?;
        let certificate = parsed.tbs_certificate();
        Ok(Self {
            fingerprints: Canonical::read(der)?.fingerprints()?,
            issuer: DistinguishedName::of(certificate.issuer()),
            serial: parsed::serial(&to_hex(certificate.serial_number().as_bytes())),
            issuer_key_id: parsed::issuer_key_id(&parsed)?.as_deref().map(to_hex),
            named: false,
        })
    }

    /// A certificate of an authority that the policy names.
    pub(crate) fn read_named(der: &CertificateDer<'_>) -> Result<Self, Denial> {
        Ok(Self { named: true, ..Self::read(der)? })
    }

    pub(crate) fn marks(&self, secrets: &RevocationSecrets) -> PathTags {
        let fingerprints = self.fingerprints.all();
        let mut own: Vec<_> = fingerprints
            .map(|fingerprint| {
                ("fingerprint", secrets.marks(RevocationKey::Certificate(fingerprint)))
            })
            .collect();
        let issuer = self.issuer.as_ref().map(ToString::to_string);
        if let Some(issuer) = &issuer {
            own.push(("serial number", secrets.marks(RevocationKey::Serial(issuer, &self.serial))));
            own.push((
                "serial number in a list",
                secrets.marks(RevocationKey::Listed(issuer, &self.serial)),
            ));
        }
        let list = issuer.zip(self.issuer_key_id.as_ref());
        let list = list.map(|(issuer, key_id)| secrets.marks(RevocationKey::List(&issuer, key_id)));
        PathTags { own, list, named: self.named }
    }
}
