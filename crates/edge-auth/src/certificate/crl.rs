//! Reading a certificate revocation list (RFC 5280, section 5), as its authority signed it.

use edge_auth_token::Timestamp;
use pki_types::SignatureVerificationAlgorithm;
use x509_cert::Certificate;
use x509_cert::Version;
use x509_cert::crl::RevokedCert;
use x509_cert::der::asn1::{AnyRef, BitStringRef, ContextSpecific};
use x509_cert::der::oid::AssociatedOid;
use x509_cert::der::{self, Decode, Encode, Reader, SliceReader, Tag, TagNumber};
use x509_cert::ext::Extensions;
use x509_cert::ext::pkix::crl::CrlNumber;
use x509_cert::ext::pkix::crl::dp::IssuingDistributionPoint;
use x509_cert::ext::pkix::{KeyUsage, SubjectKeyIdentifier};
use x509_cert::name::Name;
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_cert::time::Time;

use super::name::DistinguishedName;
use super::{key_strength, parsed, pem, to_hex};
use crate::revocation::{KeyId, Serial};

/// The largest list that is read, in bytes: about 400 000 certificates.
pub const MAX_CRL_BYTES: usize = 16 * 1024 * 1024;

const ISSUING_DISTRIBUTION_POINT: &str = "2.5.29.28";
const DELTA: &str = "2.5.29.27";
/// An `issuingDistributionPoint` that limits nothing. A list that is about less would take back
/// what the others of its authority say.
const EVERYTHING: IssuingDistributionPoint = IssuingDistributionPoint {
    distribution_point: None,
    only_contains_user_certs: false,
    only_contains_ca_certs: false,
    only_some_reasons: None,
    indirect_crl: false,
    only_contains_attribute_certs: false,
};
/// The list's number, its authority's key, and where newer ones are: nothing that changes its
/// meaning.
const HARMLESS: [&str; 3] = ["2.5.29.20", "2.5.29.35", "2.5.29.46"];

/// A list whose signature is its authority's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RevokedCertificates {
    pub issuer: DistinguishedName,
    /// Which of the issuer's keys signed it.
    pub key_id: KeyId,
    /// Greater in each list than in the one before (section 5.2.3).
    pub number: Option<Serial>,
    pub this_update: Timestamp,
    pub next_update: Timestamp,
    /// In the one form that all are compared in.
    pub serials: Vec<String>,
}

/// Why a list is not taken over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CrlError {
    /// It is larger than what is read.
    #[error(
        "the list has {bytes} bytes, {MAX_CRL_BYTES} are read: have the authority split it, or drop expired entries"
    )]
    TooLarge {
        /// How many.
        bytes: usize,
    },
    /// It is no list.
    #[error("this is no revocation list in DER or PEM: {0}")]
    Malformed(String),
    /// Its authority is not among the certificates that were given.
    #[error("the list is of `{issuer}`, which is none of the given authorities")]
    OtherAuthority {
        /// The authority that it names.
        issuer: String,
    },
    /// The authority may not sign lists, is not valid, or has a weak key.
    #[error("the authority `{issuer}` {why}")]
    Authority {
        /// The authority.
        issuer: String,
        /// What is wrong with it.
        why: String,
    },
    /// The authority did not sign it.
    #[error("the list's signature is not that of `{issuer}`")]
    Signature {
        /// The authority.
        issuer: String,
    },
    /// It is overdue, or still to come.
    #[error("the list is good from {from} until {until}: get the current one")]
    Time {
        /// When it was made.
        from: String,
        /// When there was to be a newer one.
        until: String,
    },
    /// It does not say when there will be a newer one.
    #[error("the list has no `nextUpdate`")]
    NoNextUpdate,
    /// It is only a part, or says things that are not understood.
    #[error("the list is not a whole one: {0}")]
    Partial(String),
}

impl RevokedCertificates {
    /// Reads a list in DER or PEM, signed by one of the authorities (PEM), and good at `now`.
    pub(crate) fn read(
        file: &[u8],
        authorities: &[u8],
        signatures: &[&'static dyn SignatureVerificationAlgorithm],
        now: Timestamp,
    ) -> Result<Self, CrlError> {
        if file.len() > MAX_CRL_BYTES {
            return Err(CrlError::TooLarge { bytes: file.len() });
        }
        let der = der_of(file)?;
        let malformed = |error: der::Error| CrlError::Malformed(error.to_string());
        let signed = Signed::of(&der).map_err(malformed)?;
        let list = SignedList::read(signed.message).map_err(malformed)?;
        let unreadable = || CrlError::Malformed("its issuer's name is unreadable".to_owned());
        let issuer = DistinguishedName::of(&list.issuer).ok_or_else(unreadable)?;
        // A renewed authority may be there twice.
        let mut refused = CrlError::OtherAuthority { issuer: issuer.to_string() };
        let by = |authority: &Certificate| match may_sign(authority, &issuer, now) {
            Ok(()) if signed.is_by(authority, signatures) => Ok(()),
            Ok(()) => Err(CrlError::Signature { issuer: issuer.to_string() }),
            Err(error) => Err(error),
        };
        let authorities = of_name(&issuer, authorities);
        let found = authorities
            .iter()
            .find(|authority| by(authority).map_err(|error| refused = error).is_ok());
        let key_id = key_id(found.ok_or(refused)?, &issuer)?;
        // What follows is what the authority says.
        whole(&list).map_err(CrlError::Partial)?;
        let number = number(&list)?;
        let time = |time: Time| Timestamp::from_seconds(time.to_unix_duration().as_secs());
        let this_update = time(list.this_update);
        let next_update = list.next_update.map(time).ok_or(CrlError::NoNextUpdate)?;
        if now < this_update || now >= next_update {
            let text = crate::audit::rfc3339_text;
            return Err(CrlError::Time { from: text(this_update), until: text(next_update) });
        }
        let serial = |serial: &[u8]| parsed::serial(&to_hex(serial));
        let serials =
            list.revoked.iter().map(|entry| serial(entry.serial_number.as_bytes())).collect();
        Ok(Self { issuer, key_id, number, this_update, next_update, serials })
    }
}

/// `TBSCertList` (section 5.1). Its version may be missing: then it is 1, and has no extensions.
struct SignedList {
    issuer: Name,
    this_update: Time,
    next_update: Option<Time>,
    revoked: Vec<RevokedCert>,
    extensions: Extensions,
}

impl SignedList {
    fn read(message: &[u8]) -> der::Result<Self> {
        let mut reader = SliceReader::new(message)?;
        let (version, list) = reader.sequence(|reader| {
            let version = Option::<Version>::decode(reader)?;
            AlgorithmIdentifierOwned::decode(reader)?;
            let list = Self {
                issuer: Name::decode(reader)?,
                this_update: Time::decode(reader)?,
                next_update: Option::decode(reader)?,
                revoked: Option::decode(reader)?.unwrap_or_default(),
                extensions: ContextSpecific::decode_explicit(reader, TagNumber(0))?
                    .map_or_else(Extensions::default, |extensions| extensions.value),
            };
            Ok::<_, der::Error>((version, list))
        })?;
        reader.finish()?;
        let extended = |entry: &RevokedCert| entry.crl_entry_extensions.is_some();
        match version {
            Some(Version::V2) => Ok(list),
            None if list.extensions.is_empty() && !list.revoked.iter().any(extended) => Ok(list),
            _ => Err(Tag::Integer.value_error().into()),
        }
    }
}

/// What was signed, how, and the signature.
struct Signed<'a> {
    message: &'a [u8],
    algorithm: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Signed<'a> {
    fn of(der: &'a [u8]) -> der::Result<Self> {
        let mut reader = SliceReader::new(der)?;
        let signed = reader.sequence(|reader| {
            let (message, algorithm) = (reader.tlv_bytes()?, reader.tlv_bytes()?);
            let signature = BitStringRef::decode(reader)?.raw_bytes();
            Ok::<_, der::Error>(Self {
                message,
                algorithm: AnyRef::from_der(algorithm)?.value(),
                signature,
            })
        })?;
        reader.finish()?;
        Ok(signed)
    }

    fn is_by(
        &self,
        authority: &Certificate,
        signatures: &[&'static dyn SignatureVerificationAlgorithm],
    ) -> bool {
        let key = authority.tbs_certificate().subject_public_key_info();
        let Ok(key_algorithm) = key.algorithm.to_der() else { return false };
        let Ok(key_algorithm) = AnyRef::from_der(&key_algorithm) else { return false };
        let bytes = key.subject_public_key.raw_bytes();
        signatures.iter().any(|algorithm| {
            algorithm.signature_alg_id().as_ref() == self.algorithm
                && algorithm.public_key_alg_id().as_ref() == key_algorithm.value()
                && algorithm.verify_signature(bytes, self.message, self.signature).is_ok()
        })
    }
}

fn der_of(file: &[u8]) -> Result<Vec<u8>, CrlError> {
    if file.starts_with(&[0x30]) {
        return Ok(file.to_vec());
    }
    let read =
        pem::revocation_lists(file).map_err(|error| CrlError::Malformed(format!("it {error}")))?;
    match <[_; 1]>::try_from(read) {
        Ok([list]) => Ok(list),
        Err(read) if read.is_empty() => {
            Err(CrlError::Malformed("there is no `X509 CRL` in it".to_owned()))
        }
        Err(_) => Err(CrlError::Malformed(
            "there are several in it: import them one at a time".to_owned(),
        )),
    }
}

/// The authorities of this name.
fn of_name(issuer: &DistinguishedName, file: &[u8]) -> Vec<Certificate> {
    let given = pem::certificates(file).unwrap_or_default();
    let parsed = given.iter().filter_map(|der| parsed::parse(der).ok());
    let is_issuer = |certificate: &Certificate| {
        DistinguishedName::of(certificate.tbs_certificate().subject()).as_ref() == Some(issuer)
    };
    parsed.filter(is_issuer).collect()
}

/// Whether an authority may sign lists now.
fn may_sign(
    authority: &Certificate,
    issuer: &DistinguishedName,
    now: Timestamp,
) -> Result<(), CrlError> {
    let refused = |why: String| CrlError::Authority { issuer: issuer.to_string(), why };
    let usage = parsed::extension::<KeyUsage>(authority, "keyUsage")
        .map_err(|denial| refused(denial.reason))?;
    if usage.is_some_and(|usage| !usage.crl_sign()) {
        return Err(refused("may not sign lists: its `keyUsage` does not say so".to_owned()));
    }
    let good = parsed::validity(authority).check(now);
    good.map_err(|denial| refused(format!("is not good: {}", denial.reason)))?;
    key_strength::check(authority.tbs_certificate().subject_public_key_info()).map_err(refused)
}

/// By which the certificates that an authority issued say which of its keys did. An authority must
/// have one (RFC 5280, section 4.2.1.2).
fn key_id(authority: &Certificate, issuer: &DistinguishedName) -> Result<KeyId, CrlError> {
    let refused = |why: String| CrlError::Authority { issuer: issuer.to_string(), why };
    let id: Option<SubjectKeyIdentifier> = parsed::extension(authority, "subjectKeyIdentifier")
        .map_err(|denial| refused(denial.reason))?;
    let id = id.ok_or_else(|| refused("has no `subjectKeyIdentifier`".to_owned()))?;
    KeyId::try_from(to_hex(id.0.as_bytes()))
        .map_err(|error| refused(format!("its key's identifier {error}")))
}

fn number(list: &SignedList) -> Result<Option<Serial>, CrlError> {
    let mut extensions = list.extensions.iter();
    let Some(found) = extensions.find(|extension| extension.extn_id == CrlNumber::OID) else {
        return Ok(None);
    };
    let unreadable = || CrlError::Malformed("its number is unreadable".to_owned());
    let number = CrlNumber::from_der(found.extn_value.as_bytes()).map_err(|_| unreadable())?;
    Serial::try_from(to_hex(number.0.as_bytes())).map(Some).map_err(|_| unreadable())
}

/// Whether the list is about all certificates that its authority's key issued, and nothing in it is
/// passed over.
fn whole(list: &SignedList) -> Result<(), String> {
    for extension in &list.extensions {
        match extension.extn_id.to_string().as_str() {
            ISSUING_DISTRIBUTION_POINT => {
                let point = IssuingDistributionPoint::from_der(extension.extn_value.as_bytes());
                let point =
                    point.map_err(|_| "its `issuingDistributionPoint` is unreadable".to_owned())?;
                if point != EVERYTHING {
                    let message = "its `issuingDistributionPoint` limits what it is about: an address, a kind \
                                   of certificates, some reasons, or other authorities";
                    return Err(message.to_owned());
                }
            }
            DELTA => return Err("it has only what changed since another (a delta)".to_owned()),
            other if HARMLESS.contains(&other) || !extension.critical => {}
            other => {
                return Err(format!(
                    "it has a critical extension that is not understood ({other})"
                ));
            }
        }
    }
    let critical = list
        .revoked
        .iter()
        .flat_map(|entry| entry.crl_entry_extensions.iter().flatten())
        .find(|one| one.critical);
    match critical {
        Some(one) => Err(format!(
            "an entry has a critical extension ({}): another authority's list?",
            one.extn_id
        )),
        None => Ok(()),
    }
}
