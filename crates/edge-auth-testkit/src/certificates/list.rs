//! Revocation lists of authorities (RFC 5280, section 5), complete and partial.

use std::time::{Duration, SystemTime};

use rcgen::{
    CertificateRevocationListParams, KeyIdMethod, RevokedCertParams, SerialNumber, SigningKey,
};
use x509_cert::crl::CertificateList;
use x509_cert::der::asn1::{AnyRef, BitString, OctetString};
use x509_cert::der::{Decode, Encode, Tag};
use x509_cert::ext::Extension;

use super::{Authority, Span};

/// The content of a revocation list.
#[derive(Debug, Clone)]
pub struct ListPlan {
    /// The serial numbers in it.
    pub serials: Vec<Vec<u8>>,
    /// Its `thisUpdate` and `nextUpdate`.
    pub good: Span,
    /// Its CRL number (section 5.2.3).
    pub number: u64,
    /// An additional extension: its name, whether it is critical, and its DER.
    pub extension: Option<(&'static str, bool, Vec<u8>)>,
}

impl Authority {
    /// Returns the DER of its revocation list with these serial numbers and this validity.
    pub fn revocation_list(&self, serials: &[Vec<u8>], good: Span) -> Vec<u8> {
        self.list(&ListPlan { serials: serials.to_vec(), good, number: 1, extension: None })
    }

    /// Returns the DER of its revocation list after this plan.
    pub fn list(&self, plan: &ListPlan) -> Vec<u8> {
        let (this_update, next_update) = plan.good;
        let this_update = SystemTime::UNIX_EPOCH + Duration::from_secs(this_update);
        let next_update = SystemTime::UNIX_EPOCH + Duration::from_secs(next_update);
        let revoked = plan.serials.iter().map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from(serial.clone()),
            revocation_time: this_update.into(),
            reason_code: None,
            invalidity_date: None,
        });
        let list = CertificateRevocationListParams {
            this_update: this_update.into(),
            next_update: next_update.into(),
            crl_number: SerialNumber::from(plan.number),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let signed = list.signed_by(&self.issuer).unwrap_or_else(|error| panic!("{error}"));
        match &plan.extension {
            Some(extension) => self.extended(signed.der(), extension),
            None => signed.der().to_vec(),
        }
    }

    /// Returns the DER of its revocation list in version 1, OpenSSL's default: without a version, a
    /// number and extensions.
    pub fn list_of_version_1(&self, serials: &[Vec<u8>], good: Span) -> Vec<u8> {
        let list = self.revocation_list(serials, good);
        let list: CertificateList = der_or_panic(CertificateList::from_der(&list));
        let signed = &list.tbs_cert_list;
        let mut parts = der_or_panic(signed.signature.to_der());
        parts.extend(der_or_panic(signed.issuer.to_der()));
        parts.extend(der_or_panic(signed.this_update.to_der()));
        parts.extend(der_or_panic(signed.next_update.to_der()));
        parts.extend(der_or_panic(signed.revoked_certificates.to_der()));
        let message = der_or_panic(der_or_panic(AnyRef::new(Tag::Sequence, &parts)).to_der());
        let signature = BitString::from_bytes(&der_or_panic(self.issuer.key().sign(&message)));
        let mut whole = message;
        whole.extend(der_or_panic(list.signature_algorithm.to_der()));
        whole.extend(der_or_panic(der_or_panic(signature).to_der()));
        der_or_panic(der_or_panic(AnyRef::new(Tag::Sequence, &whole)).to_der())
    }

    /// Adds an extension that `rcgen` cannot express, and signs the list again.
    fn extended(&self, list: &[u8], (name, critical, value): &(&str, bool, Vec<u8>)) -> Vec<u8> {
        let mut list: CertificateList = der_or_panic(CertificateList::from_der(list));
        list.tbs_cert_list.crl_extensions.get_or_insert_default().push(Extension {
            extn_id: der_or_panic(name.parse()),
            critical: *critical,
            extn_value: der_or_panic(OctetString::new(value.as_slice())),
        });
        let message = der_or_panic(list.tbs_cert_list.to_der());
        list.signature =
            der_or_panic(BitString::from_bytes(&der_or_panic(self.issuer.key().sign(&message))));
        der_or_panic(list.to_der())
    }
}

fn der_or_panic<T, E: std::fmt::Display>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}
