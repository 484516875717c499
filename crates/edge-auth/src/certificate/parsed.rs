//! The fields of a certificate, read from its DER or reported by a platform.

use std::collections::BTreeSet;

use edge_auth_token::Timestamp;
use pki_types::{CertificateDer, SubjectPublicKeyInfoDer};
use x509_cert::Certificate;
use x509_cert::der::{self, Decode, Encode, ErrorKind};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, SubjectAltName, SubjectKeyIdentifier};

use super::canonical::{Canonical, Fingerprints};
use super::list_scope::ListCoverage;
use super::name::{DistinguishedName, plain};
use super::refusal::malformed;
use super::validity::Validity;
use super::{serial, to_hex};
use crate::denial::Denial;

/// The fields of a client's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ParsedCertificate {
    pub fingerprints: Fingerprints,
    /// Lower-case hexadecimal, without zeros in front.
    pub serial: String,
    /// `None` if it cannot be read for sure; only an identity or a pin that needs it is refused.
    pub subject: Option<DistinguishedName>,
    /// As the subject.
    pub issuer: Option<DistinguishedName>,
    /// The key identifier of the issuer: the certificate's own `authorityKeyIdentifier`.
    pub issuer_key_id: Option<Vec<u8>>,
    /// The subject's alternative names; `None` if the platform does not report them.
    pub names: Option<AlternativeNames>,
    pub validity: Validity,
    /// Which revocation lists of its issuer are about it.
    pub list_coverage: ListCoverage,
}

/// The alternative names that can be an identity (RFC 5280, section 4.2.1.6).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct AlternativeNames {
    pub uris: Vec<String>,
    pub dns: Vec<String>,
    pub emails: Vec<String>,
}

impl ParsedCertificate {
    /// Reads a certificate.
    pub(crate) fn read(der: &CertificateDer<'_>) -> Result<Self, Denial> {
        let parsed = parse(der)?;
        let certificate = parsed.tbs_certificate();
        let names: Option<SubjectAltName> = extension(&parsed, "subjectAltName")?;
        Ok(Self {
            fingerprints: Canonical::read(der)?.fingerprints()?,
            serial: serial(&to_hex(certificate.serial_number().as_bytes())),
            subject: DistinguishedName::of(certificate.subject()),
            issuer: DistinguishedName::of(certificate.issuer()),
            issuer_key_id: issuer_key_id(&parsed)?,
            names: Some(match names {
                Some(names) => AlternativeNames::read(&names.0)?,
                None => AlternativeNames::default(),
            }),
            validity: validity(&parsed),
            list_coverage: ListCoverage::of(&parsed),
        })
    }

    /// Returns whether it has an identifier that its holder cannot change: its serial number under its
    /// issuer's name, or all of its fingerprints.
    pub(crate) fn can_be_revoked(&self) -> bool {
        self.issuer.is_some() || self.fingerprints.canonical().is_some()
    }
}

impl AlternativeNames {
    fn read(names: &[GeneralName]) -> Result<Self, Denial> {
        let mut read = Self::default();
        for name in names {
            let (list, text) = match name {
                GeneralName::UniformResourceIdentifier(uri) => (&mut read.uris, uri),
                GeneralName::DnsName(name) => (&mut read.dns, name),
                GeneralName::Rfc822Name(address) => (&mut read.emails, address),
                _ => continue,
            };
            if !plain(text.as_str()) {
                return Err(malformed("an alternative name has control characters"));
            }
            list.push(text.as_str().to_owned());
        }
        Ok(read)
    }
}

/// The identifiers by which a certificate can be revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CertificateNames {
    /// Its SHA-256, in lower-case hexadecimal.
    pub fingerprint: String,
    /// Its serial number, in lower-case hexadecimal.
    pub serial: String,
    /// Its issuer's name, as in `CN=Devices CA,O=Example`; `None` if that cannot be read for sure.
    pub issuer: Option<String>,
}

impl CertificateNames {
    /// Reads a certificate without verifying it.
    ///
    /// # Errors
    /// Says what is wrong: the gate rejects such a certificate whether it is revoked or not.
    pub fn read(der: &CertificateDer<'_>) -> Result<Self, String> {
        let ParsedCertificate { fingerprints, serial, issuer, .. } =
            ParsedCertificate::read(der).map_err(|denial| denial.reason)?;
        let issuer = issuer.map(|issuer| issuer.to_string());
        Ok(Self { fingerprint: to_hex(&fingerprints.presented), serial, issuer })
    }
}

/// Reads the whole structure, strictly and only in canonical DER. Each extension may occur once
/// (RFC 5280, section 4.2).
pub(crate) fn parse(der: &CertificateDer<'_>) -> Result<Certificate, Denial> {
    Canonical::read(der)?;
    let certificate = Certificate::from_der(der).map_err(unreadable)?;
    let extensions = certificate.tbs_certificate().extensions().map_or(&[][..], Vec::as_slice);
    let different: BTreeSet<_> = extensions.iter().map(|extension| extension.extn_id).collect();
    if different.len() < extensions.len() {
        return Err(malformed("an extension is there twice"));
    }
    // Without its sign -1 would be 255's double (RFC 5280, section 4.1.2.2).
    let serial = certificate.tbs_certificate().serial_number().to_der();
    let serial = serial.map_err(|error| malformed(error.to_string()))?;
    if serial.get(2).is_none_or(|first| first & 0x80 != 0) {
        return Err(malformed("its serial number is negative"));
    }
    Ok(certificate)
}

/// Names the string type that cannot be read: the error has only a number for it.
fn unreadable(error: der::Error) -> Denial {
    let kind = match error.kind() {
        ErrorKind::TagUnknown { byte: 0x1C } => "UniversalString",
        ErrorKind::TagUnknown { byte: 0x19 } => "GraphicString",
        _ => return malformed(error.to_string()),
    };
    malformed(format!(
        "it has a {kind}, which is not supported: have it issued again with UTF8String"
    ))
}

/// Checks that the host's own certificate is good at `now`.
///
/// # Errors
/// Says what is wrong, for the operator.
pub fn check_validity(der: &CertificateDer<'_>, now: Timestamp) -> Result<(), String> {
    let certificate = Certificate::from_der(der).map_err(|error| error.to_string())?;
    validity(&certificate).check(now).map_err(|denial| denial.reason)
}

/// Returns the key of an unverified certificate; `None` if it cannot be read.
pub fn public_key(der: &CertificateDer<'_>) -> Option<SubjectPublicKeyInfoDer<'static>> {
    let certificate = Certificate::from_der(der).ok()?;
    certificate
        .tbs_certificate()
        .subject_public_key_info()
        .to_der()
        .ok()
        .map(SubjectPublicKeyInfoDer::from)
}

pub(crate) fn validity(certificate: &Certificate) -> Validity {
    let validity = certificate.tbs_certificate().validity();
    Validity::of(validity.not_before.to_unix_duration(), validity.not_after.to_unix_duration())
}

/// Returns the identifier of the key that issued a certificate, as the certificate says.
pub(crate) fn issuer_key_id(certificate: &Certificate) -> Result<Option<Vec<u8>>, Denial> {
    let authority: Option<AuthorityKeyIdentifier> =
        extension(certificate, "authorityKeyIdentifier")?;
    Ok(authority.and_then(|id| id.key_identifier).map(|id| id.as_bytes().to_vec()))
}

/// Returns whether the key of a certificate issued another one, as the certificate says.
pub(crate) fn is_self_issued(certificate: &Certificate) -> Result<bool, Denial> {
    let names = certificate.tbs_certificate();
    let own: Option<SubjectKeyIdentifier> = extension(certificate, "subjectKeyIdentifier")?;
    let (Some(own), Some(issuer)) = (own, issuer_key_id(certificate)?) else { return Ok(false) };
    Ok(names.subject() == names.issuer() && own.0.as_bytes() == issuer)
}

/// Reads an extension, if it is there.
pub(crate) fn extension<'a, T>(
    certificate: &'a Certificate,
    name: &str,
) -> Result<Option<T>, Denial>
where
    T: Decode<'a> + x509_cert::der::oid::AssociatedOid,
{
    let found = certificate.tbs_certificate().get_extension::<T>();
    found
        .map(|found| found.map(|(_, value)| value))
        .map_err(|_| malformed(format!("`{name}` is unreadable")))
}
