//! The certificate authorities of a block: who may have issued its clients' certificates.

use pki_types::{CertificateDer, TrustAnchor};
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};

use super::validity::Validity;
use super::{facts, key_strength, pem};

/// One authority.
#[derive(Debug)]
pub(crate) struct Authority {
    pub anchor: TrustAnchor<'static>,
    pub validity: Validity,
    /// How many certificates of authorities may stand below it.
    pub max_intermediates: Option<u8>,
}

/// At least one authority.
#[derive(Debug)]
pub(crate) struct Authorities(Vec<Authority>);

impl Authorities {
    /// Reads a file of PEM certificates, each of an authority.
    ///
    /// # Errors
    /// What is wrong with it, for the operator.
    pub(crate) fn read(file: &[u8]) -> Result<Self, String> {
        let certificates = pem::certificates(file);
        let certificates =
            certificates.map_err(|_| "has no certificate in it, or a broken one".to_owned())?;
        let read = certificates.iter().enumerate().map(|(index, der)| {
            Authority::read(der).map_err(|reason| format!("certificate {}: {reason}", index + 1))
        });
        read.collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn anchors(&self) -> Vec<TrustAnchor<'_>> {
        self.0.iter().map(|authority| authority.anchor.clone()).collect()
    }

    /// The authority that this anchor is of.
    pub(crate) fn of(&self, anchor: &TrustAnchor<'_>) -> Option<&Authority> {
        self.0.iter().find(|own| {
            own.anchor.subject == anchor.subject
                && own.anchor.subject_public_key_info == anchor.subject_public_key_info
        })
    }

    /// Whether all certificates come from one authority.
    pub(crate) fn is_one(&self) -> bool {
        self.0.len() == 1
    }
}

impl Authority {
    fn read(der: &CertificateDer<'_>) -> Result<Self, String> {
        let certificate = facts::parse(der).map_err(|denial| denial.reason)?;
        let constraints = facts::extension::<BasicConstraints>(&certificate, "basicConstraints");
        let constraints = constraints.map_err(|denial| denial.reason)?.filter(|constraints| constraints.ca);
        let constraints =
            constraints.ok_or("it is not an authority's: `basicConstraints` does not say so")?;
        let usage = facts::extension::<KeyUsage>(&certificate, "keyUsage").map_err(|denial| denial.reason)?;
        if usage.is_some_and(|usage| !usage.key_cert_sign()) {
            return Err("its `keyUsage` does not allow it to issue certificates".to_owned());
        }
        key_strength::check(certificate.tbs_certificate().subject_public_key_info())?;
        let anchor = webpki::anchor_from_trusted_cert(der).map_err(|error| error.to_string())?;
        Ok(Self {
            anchor: anchor.to_owned(),
            validity: facts::validity(&certificate),
            max_intermediates: constraints.path_len_constraint,
        })
    }
}
