//! The canonical DER of a certificate, and its fingerprints.
//!
//! Only the inner part of a certificate is signed. Anyone can encode the rest in other bytes, which
//! are as valid and have another SHA-256. So everything but DER is rejected here, and for ECDSA,
//! which allows two signatures, both fingerprints are computed.

use pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use x509_cert::der::asn1::{AnyRef, BitStringRef};
use x509_cert::der::{self, Decode, Encode, Reader, SliceReader, Tag, TagNumber};

use super::Thumbprint;
use super::refusal::malformed;
use super::signature_form::SignatureForm;
use crate::denial::Denial;

/// A certificate, split at the parts that its holder could change.
#[derive(Debug)]
pub(crate) struct Canonical<'a> {
    der: &'a [u8],
    parts: Parts<'a>,
    form: SignatureForm<'a>,
}

/// The SHA-256 of a certificate, and of its other form if it has two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fingerprints {
    /// Of the certificate as it was presented.
    pub presented: Thumbprint,
    other: OtherForm,
}

/// The same certificate with the other of the two signatures that ECDSA has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OtherForm {
    /// Its signature has one value only.
    None,
    /// The other one has the smaller `s`.
    Low(Thumbprint),
    /// The other one has the greater `s`.
    High(Thumbprint),
    /// The platform reported only a fingerprint.
    Unknown,
}

/// `Certificate` (RFC 5280, section 4.1).
#[derive(Debug)]
struct Parts<'a> {
    signed: &'a [u8],
    algorithm: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Canonical<'a> {
    /// Reads the parts outside of the signed one.
    ///
    /// # Errors
    /// Bytes that are not the DER of a certificate, a signature that has a shorter or
    /// smaller form, or an algorithm other than the signed part names.
    pub(crate) fn read(der: &'a CertificateDer<'_>) -> Result<Self, Denial> {
        let parts = Parts::read(der).map_err(|error| malformed(error.to_string()))?;
        if parts.with_signature(parts.signature).ok().as_deref() != Some(der.as_ref()) {
            return Err(malformed("it is not canonical DER"));
        }
        let inner = parts.inner_algorithm().map_err(|error| malformed(error.to_string()))?;
        if inner != parts.algorithm {
            return Err(malformed("it names two different algorithms for its signature"));
        }
        let form = SignatureForm::read(parts.algorithm, parts.signature)?;
        Ok(Self { der, parts, form })
    }

    /// Returns its fingerprints: of these bytes, and of those with the other signature.
    pub(crate) fn fingerprints(&self) -> Result<Fingerprints, Denial> {
        let other = match self.form {
            SignatureForm::Only => OtherForm::None,
            SignatureForm::Ecdsa(numbers) => {
                let other = match numbers.with_other_s() {
                    Ok(signature) => self.parts.with_signature(&signature),
                    Err(error) => Err(error),
                };
                let other = digest(&other.map_err(|error| malformed(error.to_string()))?);
                if numbers.has_low_s() { OtherForm::High(other) } else { OtherForm::Low(other) }
            }
        };
        Ok(Fingerprints { presented: digest(self.der), other })
    }
}

fn digest(der: &[u8]) -> Thumbprint {
    Sha256::digest(der).into()
}

impl<'a> Parts<'a> {
    fn read(der: &'a [u8]) -> der::Result<Self> {
        let mut reader = SliceReader::new(der)?;
        let parts = reader.sequence(|reader| {
            let (signed, algorithm) = (reader.tlv_bytes()?, reader.tlv_bytes()?);
            let signature = BitStringRef::decode(reader)?;
            let signature = signature.as_bytes().ok_or_else(|| Tag::BitString.value_error())?;
            Ok::<_, der::Error>(Self { signed, algorithm, signature })
        })?;
        reader.finish()?;
        Ok(parts)
    }

    /// Returns the algorithm that the signed part names, after the version and the serial number.
    fn inner_algorithm(&self) -> der::Result<&'a [u8]> {
        const VERSION: Tag = Tag::ContextSpecific { constructed: true, number: TagNumber(0) };
        let mut reader = SliceReader::new(AnyRef::from_der(self.signed)?.value())?;
        if Tag::peek(&reader)? == VERSION {
            reader.tlv_bytes()?;
        }
        reader.tlv_bytes()?;
        reader.tlv_bytes()
    }

    /// Encodes the certificate with this signature.
    fn with_signature(&self, signature: &[u8]) -> der::Result<Vec<u8>> {
        let signature = BitStringRef::from_bytes(signature)?.to_der()?;
        AnyRef::new(Tag::Sequence, &[self.signed, self.algorithm, &signature].concat())?.to_der()
    }
}

impl Fingerprints {
    /// For a certificate of which the platform reports only a fingerprint.
    pub(crate) fn reported(presented: Thumbprint) -> Self {
        Self { presented, other: OtherForm::Unknown }
    }

    /// Returns all known fingerprints, the presented one first: a revocation may name any.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Thumbprint> {
        let other = match &self.other {
            OtherForm::None | OtherForm::Unknown => None,
            OtherForm::Low(other) | OtherForm::High(other) => Some(other),
        };
        std::iter::once(&self.presented).chain(other)
    }

    /// Returns the fingerprint that every form of the certificate shares: that of the signature with
    /// the smaller `s`. `None` if the platform reports only a fingerprint.
    pub(crate) fn canonical(&self) -> Option<Thumbprint> {
        match self.other {
            OtherForm::None | OtherForm::High(_) => Some(self.presented),
            OtherForm::Low(other) => Some(other),
            OtherForm::Unknown => None,
        }
    }
}
