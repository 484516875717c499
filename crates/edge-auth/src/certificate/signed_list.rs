//! The DER of a certificate revocation list (RFC 5280, section 5.1).

use pki_types::SignatureVerificationAlgorithm;
use x509_cert::crl::RevokedCert;
use x509_cert::der::asn1::{AnyRef, BitStringRef, ContextSpecific};
use x509_cert::der::{self, Decode, Encode, Reader, SliceReader, Tag, TagNumber};
use x509_cert::ext::Extensions;
use x509_cert::name::Name;
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_cert::time::Time;
use x509_cert::{Certificate, Version};

/// `CertificateList`: the signed part and its signature, not verified yet.
pub(super) struct SignedList<'a> {
    message: &'a [u8],
    algorithm: &'a [u8],
    signature: &'a [u8],
    pub(super) content: ListContent,
}

/// `TBSCertList`. A list without a version is of version 1 and has no extensions.
pub(super) struct ListContent {
    pub(super) issuer: Name,
    pub(super) this_update: Time,
    pub(super) next_update: Option<Time>,
    pub(super) revoked: Vec<RevokedCert>,
    pub(super) extensions: Extensions,
}

impl<'a> SignedList<'a> {
    pub(super) fn read(der: &'a [u8]) -> der::Result<Self> {
        let mut reader = SliceReader::new(der)?;
        let signed = reader.sequence(|reader| {
            let (message, algorithm) = (reader.tlv_bytes()?, reader.tlv_bytes()?);
            let signature = BitStringRef::decode(reader)?.raw_bytes();
            let algorithm = AnyRef::from_der(algorithm)?.value();
            let content = ListContent::read(message)?;
            Ok::<_, der::Error>(Self { message, algorithm, signature, content })
        })?;
        reader.finish()?;
        Ok(signed)
    }

    /// Returns whether the authority's key made the signature.
    pub(super) fn is_by(
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

impl ListContent {
    fn read(message: &[u8]) -> der::Result<Self> {
        let mut reader = SliceReader::new(message)?;
        let (version, list) = reader.sequence(|reader| {
            let version = Option::<Version>::decode(reader)?;
            AlgorithmIdentifierOwned::decode(reader)?;
            let issuer = Name::decode(reader)?;
            let this_update = Time::decode(reader)?;
            let next_update = Option::decode(reader)?;
            let revoked = Option::decode(reader)?.unwrap_or_default();
            let extensions = match ContextSpecific::decode_explicit(reader, TagNumber(0))? {
                Some(extensions) => extensions.value,
                None => Extensions::default(),
            };
            let list = Self { issuer, this_update, next_update, revoked, extensions };
            Ok::<_, der::Error>((version, list))
        })?;
        reader.finish()?;
        let is_good = match version {
            Some(Version::V2) => true,
            None => !list.has_extensions(),
            Some(Version::V1 | Version::V3) => false,
        };
        if is_good { Ok(list) } else { Err(Tag::Integer.value_error().into()) }
    }

    fn has_extensions(&self) -> bool {
        !self.extensions.is_empty()
            || self.revoked.iter().any(|entry| entry.crl_entry_extensions.is_some())
    }
}
