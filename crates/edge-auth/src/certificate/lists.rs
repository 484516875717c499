//! What is asked about the revocation of a certificate, and of those above it.

use pki_types::CertificateDer;
use sha2::{Digest, Sha256};

use super::facts::{self, Facts};
use super::name::DistinguishedName;
use super::{Thumbprint, to_hex};
use crate::denial::Denial;
use crate::revocation::{Marks, RevocationSecrets, Thing};

/// What a block says of revocation lists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ListRule {
    /// Without the list of its issuer no certificate is good.
    pub required: bool,
    /// A list counts though a newer one is due.
    pub overdue_allowed: bool,
}

/// A certificate of a path: the client's own, or one above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OnPath {
    thumbprint: Thumbprint,
    /// `None` if it cannot be read for sure: no list is of such an issuer.
    issuer: Option<DistinguishedName>,
    serial: String,
    /// The identifier of the issuer's key, hexadecimal. `None` if it is not told: no list is of such an
    /// issuer either.
    issuer_key_id: Option<String>,
}

impl From<&Facts> for OnPath {
    fn from(facts: &Facts) -> Self {
        let Facts { thumbprint, issuer, serial, issuer_key_id, .. } = facts;
        let issuer_key_id = issuer_key_id.as_deref().map(to_hex);
        Self { thumbprint: *thumbprint, issuer: issuer.clone(), serial: serial.clone(), issuer_key_id }
    }
}

/// By what the revocation of one certificate of a path is found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PathMarks {
    /// Of the certificate itself.
    pub own: Vec<(&'static str, Marks)>,
    /// Of the list of its issuer, by the key that issued it.
    pub list: Option<Marks>,
}

impl OnPath {
    pub(crate) fn read(der: &CertificateDer<'_>) -> Result<Self, Denial> {
        let parsed = facts::parse(der)?;
        let certificate = parsed.tbs_certificate();
        Ok(Self {
            thumbprint: Sha256::digest(der).into(),
            issuer: DistinguishedName::of(certificate.issuer()),
            serial: facts::serial(&to_hex(certificate.serial_number().as_bytes())),
            issuer_key_id: facts::issuer_key_id(&parsed)?.as_deref().map(to_hex),
        })
    }

    pub(crate) fn marks(&self, secrets: &RevocationSecrets) -> PathMarks {
        let mut own = vec![("fingerprint", secrets.marks(Thing::Certificate(&self.thumbprint)))];
        let issuer = self.issuer.as_ref().map(ToString::to_string);
        if let Some(issuer) = &issuer {
            own.push(("serial number", secrets.marks(Thing::Serial(issuer, &self.serial))));
            own.push(("serial number in a list", secrets.marks(Thing::Listed(issuer, &self.serial))));
        }
        let list = issuer.zip(self.issuer_key_id.as_ref());
        PathMarks { own, list: list.map(|(issuer, key_id)| secrets.marks(Thing::List(&issuer, key_id))) }
    }
}
