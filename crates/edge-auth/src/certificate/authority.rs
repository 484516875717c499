//! The certificate authorities of a block, which may issue its clients' certificates.

use std::time::Duration;

use edge_auth_token::Timestamp;
use pki_types::{CertificateDer, SubjectPublicKeyInfoDer, TrustAnchor, UnixTime};
use webpki::Error;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};

use super::constraints::Constraints;
use super::crl_policy::PathCertificate;
use super::validity::Validity;
use super::{key_strength, parsed, pem};

/// Checks that a PEM file holds certificates of authorities only.
///
/// # Errors
/// The mistake, for the operator.
pub fn check_authorities(file: &[u8]) -> Result<(), String> {
    Authorities::read(file).map(|_| ())
}

/// One authority.
#[derive(Debug)]
pub(crate) struct Authority {
    anchor: TrustAnchor<'static>,
    /// Its key, as the certificates of a path have it.
    key: SubjectPublicKeyInfoDer<'static>,
    /// Its certificate, which may be revoked.
    certificate: PathCertificate,
    pub validity: Validity,
    pub constraints: Constraints,
    /// The most authorities that may stand below it.
    max_intermediates: Option<u8>,
}

/// At least one authority.
#[derive(Debug)]
pub(crate) struct Authorities(Vec<Authority>);

impl Authorities {
    /// Reads a file of PEM certificates, each of an authority.
    ///
    /// # Errors
    /// The mistake, for the operator.
    pub(crate) fn read(file: &[u8]) -> Result<Self, String> {
        let certificates = pem::certificates_in_file(file)?;
        let repeated =
            |index: usize, der| certificates.iter().take(index).any(|earlier| earlier == der);
        let once = certificates.iter().enumerate().filter(|(index, der)| !repeated(*index, *der));
        let read = once.map(|(index, der)| {
            Authority::read(der).map_err(|reason| format!("certificate {}: {reason}", index + 1))
        });
        read.collect::<Result<_, _>>().map(Self)
    }

    /// Reports the authorities that are not good at `now`, for the operator.
    pub(crate) fn notices(&self, now: Timestamp) -> impl Iterator<Item = String> {
        let bad = self
            .0
            .iter()
            .enumerate()
            .filter_map(move |(index, own)| Some((index, own.validity.check(now).err()?)));
        bad.map(|(index, denial)| {
            format!("authority {} of {}: {}", index + 1, self.0.len(), denial.reason)
        })
    }

    pub(crate) fn anchors(&self) -> Vec<TrustAnchor<'_>> {
        self.0.iter().map(|authority| authority.anchor.clone()).collect()
    }

    /// Returns the authority that a path ends at, if it admits a path of this length now. Of a
    /// renewed one that is in the file twice, returns the one that is good for longest.
    pub(crate) fn admitting(
        &self,
        anchor: &TrustAnchor<'_>,
        intermediates: usize,
        now: Timestamp,
    ) -> Result<&Authority, Error> {
        let mut best: Result<&Authority, Error> = Err(Error::UnknownIssuer);
        for authority in self.0.iter().filter(|own| own.anchor == *anchor) {
            match (authority.admits(intermediates, now), &best) {
                (Ok(()), Ok(other)) if other.validity.not_after >= authority.validity.not_after => {
                }
                (Ok(()), _) => best = Ok(authority),
                (Err(error), Err(_)) => best = Err(error),
                (Err(_), Ok(_)) => {}
            }
        }
        best
    }

    /// Returns the certificates of the authority with this key. It may have several: renewed ones, or
    /// some by other authorities.
    pub(crate) fn certificates_of(
        &self,
        key: &SubjectPublicKeyInfoDer<'_>,
    ) -> impl Iterator<Item = &PathCertificate> {
        self.0.iter().filter(move |own| own.key == *key).map(|own| &own.certificate)
    }

    /// Returns whether all certificates are of one issuer, with one name and one key.
    pub(crate) fn is_one(&self) -> bool {
        let mut anchors = self.0.iter().map(|authority| &authority.anchor);
        let first = anchors.next();
        anchors.all(|anchor| {
            first.is_some_and(|first| {
                first.subject == anchor.subject
                    && first.subject_public_key_info == anchor.subject_public_key_info
            })
        })
    }
}

impl Authority {
    fn read(der: &CertificateDer<'_>) -> Result<Self, String> {
        let certificate = parsed::parse(der).map_err(|denial| denial.reason)?;
        if certificate.tbs_certificate().extensions().is_none() {
            let advice = "issue it again with `basicConstraints=critical,CA:TRUE`, as by `openssl x509 -extfile`";
            return Err(format!(
                "it is not an authority's: it has no extensions (version 1); {advice}"
            ));
        }
        let constraints = parsed::extension::<BasicConstraints>(&certificate, "basicConstraints");
        let constraints =
            constraints.map_err(|denial| denial.reason)?.filter(|constraints| constraints.ca);
        let constraints =
            constraints.ok_or("it is not an authority's: `basicConstraints` does not say so")?;
        let usage = parsed::extension::<KeyUsage>(&certificate, "keyUsage")
            .map_err(|denial| denial.reason)?;
        if usage.is_some_and(|usage| !usage.key_cert_sign()) {
            return Err("its `keyUsage` does not allow it to issue certificates".to_owned());
        }
        key_strength::check_signer(certificate.tbs_certificate().subject_public_key_info())?;
        let anchor = webpki::anchor_from_trusted_cert(der).map_err(|error| error.to_string())?;
        Ok(Self {
            key: webpki::spki_for_anchor(&anchor),
            certificate: PathCertificate::read_named(der).map_err(|denial| denial.reason)?,
            anchor: anchor.to_owned(),
            validity: parsed::validity(&certificate),
            constraints: Constraints::of(&certificate).map_err(|denial| denial.reason)?,
            max_intermediates: constraints.path_len_constraint,
        })
    }

    /// Checks a path's length and the time against its own certificate.
    fn admits(&self, intermediates: usize, now: Timestamp) -> Result<(), Error> {
        let point =
            |point: Timestamp| UnixTime::since_unix_epoch(Duration::from_secs(point.seconds()));
        let (time, not_before, not_after) =
            (point(now), point(self.validity.not_before), point(self.validity.not_after));
        if time < not_before {
            Err(Error::CertNotValidYet { time, not_before })
        } else if time > not_after {
            Err(Error::CertExpired { time, not_after })
        } else if self.max_intermediates.is_some_and(|most| intermediates > usize::from(most)) {
            Err(Error::PathLenConstraintViolated)
        } else {
            Ok(())
        }
    }
}
