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
        let point = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let revoked = |serial: &Vec<u8>| RevokedCertParams {
            serial_number: SerialNumber::from(serial.clone()),
            revocation_time: point(this_update).into(),
            reason_code: None,
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update: point(this_update).into(),
            next_update: point(next_update).into(),
            crl_number: SerialNumber::from(plan.number),
            issuing_distribution_point: None,
            revoked_certs: plan.serials.iter().map(revoked).collect(),
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
        fn good_der<T, E: std::fmt::Display>(result: Result<T, E>) -> T {
            result.unwrap_or_else(|error| panic!("{error}"))
        }
        let list = self.revocation_list(serials, good);
        let list: CertificateList = good_der(CertificateList::from_der(&list));
        let signed = &list.tbs_cert_list;
        let mut parts = good_der(signed.signature.to_der());
        parts.extend(good_der(signed.issuer.to_der()));
        parts.extend(good_der(signed.this_update.to_der()));
        parts.extend(good_der(signed.next_update.to_der()));
        parts.extend(good_der(signed.revoked_certificates.to_der()));
        let message = good_der(good_der(AnyRef::new(Tag::Sequence, &parts)).to_der());
        let signature = BitString::from_bytes(&good_der(self.issuer.key().sign(&message)));
        let mut whole = message;
        whole.extend(good_der(list.signature_algorithm.to_der()));
        whole.extend(good_der(good_der(signature).to_der()));
        good_der(good_der(AnyRef::new(Tag::Sequence, &whole)).to_der())
    }

    /// Adds an extension that `rcgen` cannot express, and signs the list again.
    fn extended(&self, list: &[u8], (name, critical, value): &(&str, bool, Vec<u8>)) -> Vec<u8> {
        fn good<T, E: std::fmt::Display>(result: Result<T, E>) -> T {
            result.unwrap_or_else(|error| panic!("{error}"))
        }
        let mut list: CertificateList = good(CertificateList::from_der(list));
        list.tbs_cert_list.crl_extensions.get_or_insert_default().push(Extension {
            extn_id: good(name.parse()),
            critical: *critical,
            extn_value: good(OctetString::new(value.as_slice())),
        });
        let message = good(list.tbs_cert_list.to_der());
        list.signature = good(BitString::from_bytes(&good(self.issuer.key().sign(&message))));
        good(list.to_der())
    }
}
