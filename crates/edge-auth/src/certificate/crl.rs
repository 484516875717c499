//! Certificate revocation lists (RFC 5280, section 5), as their authorities signed them.

use edge_auth_token::Timestamp;
use pki_types::SignatureVerificationAlgorithm;
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::der::oid::AssociatedOid;
use x509_cert::ext::pkix::crl::CrlNumber;
use x509_cert::ext::pkix::crl::dp::IssuingDistributionPoint;
use x509_cert::ext::pkix::{KeyUsage, SubjectKeyIdentifier};
use x509_cert::time::Time;

use super::list_scope::ListScope;
use super::name::DistinguishedName;
use super::signed_list::{ListContent, SignedList};
use super::{key_strength, parsed, pem, serial, to_hex};
use crate::audit::rfc3339_text;
use crate::revocation::{IssuerName, KeyId, List, ListId, Serial};

/// The largest file of lists that is read, in bytes: about 400 000 certificates.
pub const MAX_CRL_BYTES: usize = 16 * 1024 * 1024;

const ISSUING_DISTRIBUTION_POINT: &str = "2.5.29.28";
const DELTA: &str = "2.5.29.27";
/// Extensions that do not change a list's meaning: its number, its authority's key, and where newer
/// ones are.
const HARMLESS: [&str; 3] = ["2.5.29.20", "2.5.29.35", "2.5.29.46"];

/// A current list that its authority signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedCertificates {
    /// The list.
    pub list: List,
    /// The name under which a list with an address counts for certificates that name none.
    pub any_address: Option<ListId>,
    /// Serial numbers in the one form that all are compared in.
    pub serials: Vec<String>,
}

/// Why a list is not imported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CrlError {
    /// The file is too large.
    #[error(
        "the file has {bytes} bytes, but at most {MAX_CRL_BYTES} are accepted: have the authority split the list, or \
         drop expired entries"
    )]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// The file is not one of revocation lists.
    #[error("this is not a revocation list in DER or PEM: {0}")]
    Malformed(String),
    /// Its authority is not among the certificates that were given.
    #[error("the list is of `{issuer}`, which is not among the given authorities")]
    OtherAuthority {
        /// The authority that the list names.
        issuer: String,
    },
    /// The authority may not sign lists, is not valid, or has a weak key.
    #[error("the authority `{issuer}` {why}")]
    Authority {
        /// The authority.
        issuer: String,
        /// The mistake.
        why: String,
    },
    /// The authority did not sign it.
    #[error("the list's signature is not that of `{issuer}`")]
    Signature {
        /// The authority.
        issuer: String,
    },
    /// It is overdue, or not valid yet.
    #[error("the list of `{issuer}` is good from {from} until {until}: get the current one")]
    Time {
        /// The authority.
        issuer: String,
        /// Its `thisUpdate`.
        from: String,
        /// Its `nextUpdate`.
        until: String,
    },
    /// It does not say when there will be a newer one.
    #[error("the list of `{issuer}` has no `nextUpdate`")]
    NoNextUpdate {
        /// The authority.
        issuer: String,
    },
    /// It is only a part of a list, or has an extension that is not supported.
    #[error("the list of `{issuer}` cannot be imported: {why}")]
    Partial {
        /// The authority.
        issuer: String,
        /// The limit or the extension.
        why: String,
    },
}

impl RevokedCertificates {
    /// Reads every list of a file in DER or PEM. Each must be signed by one of the authorities
    /// (PEM), and good at `now`. Of several versions of one list, returns the newest.
    pub fn read_all(
        file: &[u8],
        authorities: &[u8],
        signatures: &[&'static dyn SignatureVerificationAlgorithm],
        now: Timestamp,
    ) -> Result<Vec<Self>, CrlError> {
        if file.len() > MAX_CRL_BYTES {
            return Err(CrlError::TooLarge { bytes: file.len() });
        }
        let mut lists: Vec<Self> = Vec::new();
        for der in lists_of(file)? {
            let read = Self::read(&der, authorities, signatures, now)?;
            match lists.iter_mut().find(|other| other.list.is_same_list(&read.list)) {
                Some(other) if other.list.is_older_than(&read.list) => *other = read,
                Some(_) => {}
                None => lists.push(read),
            }
        }
        Ok(lists)
    }

    fn read(
        der: &[u8],
        authorities: &[u8],
        signatures: &[&'static dyn SignatureVerificationAlgorithm],
        now: Timestamp,
    ) -> Result<Self, CrlError> {
        let signed =
            SignedList::read(der).map_err(|error| CrlError::Malformed(error.to_string()))?;
        let Some(issuer) = DistinguishedName::of(&signed.content.issuer) else {
            return Err(CrlError::Malformed("its issuer's name is unreadable".to_owned()));
        };
        let key = signing_key(&signed, &issuer, authorities, signatures, now)?;
        // From here on, the authority itself says it.
        let content = &signed.content;
        let partial = |why: String| CrlError::Partial { issuer: issuer.to_string(), why };
        let scope = scope(content).map_err(partial)?;
        let Some((id, any_address)) = scope.ids(&key) else {
            return Err(partial("its address is too long, or not a URI".to_owned()));
        };
        let number = number(content)?;
        let this_update = timestamp(content.this_update);
        let Some(next_update) = content.next_update.map(timestamp) else {
            return Err(CrlError::NoNextUpdate { issuer: issuer.to_string() });
        };
        if now < this_update || now >= next_update {
            return Err(CrlError::Time {
                issuer: issuer.to_string(),
                from: rfc3339_text(this_update),
                until: rfc3339_text(next_update),
            });
        }
        let mut serials = Vec::with_capacity(content.revoked.len());
        for entry in &content.revoked {
            serials.push(serial(&to_hex(entry.serial_number.as_bytes())));
        }
        let issuer = IssuerName::from(&issuer);
        Ok(Self {
            list: List { issuer, id, number, this_update, next_update },
            any_address,
            serials,
        })
    }
}

fn timestamp(time: Time) -> Timestamp {
    Timestamp::from_seconds(time.to_unix_duration().as_secs())
}

/// Splits a file into lists: one in DER, or any number in PEM.
fn lists_of(file: &[u8]) -> Result<Vec<Vec<u8>>, CrlError> {
    if file.starts_with(&[0x30]) {
        return Ok(vec![file.to_vec()]);
    }
    let lists =
        pem::revocation_lists(file).map_err(|error| CrlError::Malformed(format!("it {error}")))?;
    if lists.is_empty() {
        return Err(CrlError::Malformed("it has no `X509 CRL` block".to_owned()));
    }
    Ok(lists)
}

/// Finds the authority that signed the list, and returns the identifier of its key. A renewed
/// authority may be there twice.
fn signing_key(
    signed: &SignedList<'_>,
    issuer: &DistinguishedName,
    authorities: &[u8],
    signatures: &[&'static dyn SignatureVerificationAlgorithm],
    now: Timestamp,
) -> Result<KeyId, CrlError> {
    let mut refused = CrlError::OtherAuthority { issuer: issuer.to_string() };
    for authority in of_name(issuer, authorities) {
        match may_sign(&authority, issuer, now) {
            Ok(()) if signed.is_by(&authority, signatures) => return key_id(&authority, issuer),
            Ok(()) => refused = CrlError::Signature { issuer: issuer.to_string() },
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

/// Returns the authorities of this name.
fn of_name(issuer: &DistinguishedName, file: &[u8]) -> Vec<Certificate> {
    let mut found = Vec::new();
    for der in pem::certificates_in_file(file).unwrap_or_default() {
        let Ok(certificate) = parsed::parse(&der) else { continue };
        let subject = DistinguishedName::of(certificate.tbs_certificate().subject());
        if subject.as_ref() == Some(issuer) {
            found.push(certificate);
        }
    }
    found
}

/// Checks that an authority may sign lists now.
fn may_sign(
    authority: &Certificate,
    issuer: &DistinguishedName,
    now: Timestamp,
) -> Result<(), CrlError> {
    let refused = |why: String| CrlError::Authority { issuer: issuer.to_string(), why };
    let usage = parsed::extension::<KeyUsage>(authority, "keyUsage")
        .map_err(|denial| refused(denial.reason))?;
    if usage.is_some_and(|usage| !usage.crl_sign()) {
        return Err(refused("may not sign lists: its `keyUsage` lacks `cRLSign`".to_owned()));
    }
    parsed::validity(authority)
        .check(now)
        .map_err(|denial| refused(format!("is not good: {}", denial.reason)))?;
    key_strength::check(authority.tbs_certificate().subject_public_key_info()).map_err(refused)
}

/// Reads the identifier of an authority's key. The certificates that it issued name it in their
/// `authorityKeyIdentifier` (RFC 5280, section 4.2.1.2).
fn key_id(authority: &Certificate, issuer: &DistinguishedName) -> Result<KeyId, CrlError> {
    let refused = |why: String| CrlError::Authority { issuer: issuer.to_string(), why };
    let id: Option<SubjectKeyIdentifier> = parsed::extension(authority, "subjectKeyIdentifier")
        .map_err(|denial| refused(denial.reason))?;
    let Some(id) = id else {
        return Err(refused("has no `subjectKeyIdentifier`".to_owned()));
    };
    KeyId::try_from(to_hex(id.0.as_bytes()))
        .map_err(|error| refused(format!("has a `subjectKeyIdentifier` that {error}")))
}

fn number(list: &ListContent) -> Result<Option<Serial>, CrlError> {
    let mut extensions = list.extensions.iter();
    let Some(found) = extensions.find(|extension| extension.extn_id == CrlNumber::OID) else {
        return Ok(None);
    };
    let unreadable = || CrlError::Malformed("its number is not DER".to_owned());
    let number = CrlNumber::from_der(found.extn_value.as_bytes()).map_err(|_| unreadable())?;
    let number = Serial::try_from(to_hex(number.0.as_bytes())).map_err(|_| unreadable())?;
    Ok(Some(number))
}

/// Reads the scope of the list. Rejects a list that is a delta, or that has a critical extension
/// which is not understood: it could mean anything.
fn scope(list: &ListContent) -> Result<ListScope, String> {
    let mut scope = None;
    for extension in &list.extensions {
        match extension.extn_id.to_string().as_str() {
            ISSUING_DISTRIBUTION_POINT => {
                let Ok(point) = IssuingDistributionPoint::from_der(extension.extn_value.as_bytes())
                else {
                    return Err("its `issuingDistributionPoint` is unreadable".to_owned());
                };
                if scope.replace(ListScope::of(&point)?).is_some() {
                    return Err("it has two `issuingDistributionPoint`s".to_owned());
                }
            }
            DELTA => return Err("it has only the changes since another list (a delta)".to_owned()),
            other if HARMLESS.contains(&other) || !extension.critical => {}
            other => {
                return Err(format!(
                    "it has a critical extension that is not understood ({other})"
                ));
            }
        }
    }
    for entry in &list.revoked {
        for extension in entry.crl_entry_extensions.iter().flatten() {
            if extension.critical {
                return Err(format!(
                    "an entry has a critical extension ({}): another authority's list?",
                    extension.extn_id
                ));
            }
        }
    }
    Ok(scope.unwrap_or_default())
}
