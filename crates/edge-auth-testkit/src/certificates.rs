//! Certificates for tests: authorities, and good and bad certificates of clients.

mod authority;
mod client;
mod list;
mod reencoded;

use std::time::{Duration, SystemTime};

use pki_types::CertificateDer;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, KeyPair, PublicKeyData, SignatureAlgorithm,
};

pub use authority::{Authority, AuthorityKey, AuthorityPlan, Permitted};
pub use client::{Client, ClientKey, ClientPlan, ClientUsage};
pub use list::ListPlan;
pub use reencoded::{has_low_s, misencoded, other_signature};

/// The span from `not_before` to `not_after`, in seconds since the epoch.
pub type Span = (u64, u64);

/// A validity that is long enough for every test.
const ALWAYS: Span = (1_000_000_000, 4_000_000_000);

/// Encodes a certificate as PEM (RFC 7468).
pub fn pem(der: &CertificateDer<'_>) -> String {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

fn distinguished(parts: &[(&str, &str)]) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    for (kind, value) in parts {
        let kind = match *kind {
            "C" => DnType::CountryName,
            "O" => DnType::OrganizationName,
            "OU" => DnType::OrganizationalUnitName,
            "CN" => DnType::CommonName,
            "EMAILADDRESS" => DnType::CustomDnType(vec![1, 2, 840, 113_549, 1, 9, 1]),
            "x500UniqueIdentifier" => DnType::CustomDnType(vec![2, 5, 4, 45]),
            other => panic!("no test has a {other}"),
        };
        name.push(kind, *value);
    }
    name
}

fn valid(params: &mut CertificateParams, (from, until): Span) {
    params.not_before = (SystemTime::UNIX_EPOCH + Duration::from_secs(from)).into();
    params.not_after = (SystemTime::UNIX_EPOCH + Duration::from_secs(until)).into();
}

fn key(algorithm: &'static SignatureAlgorithm) -> KeyPair {
    KeyPair::generate_for(algorithm).unwrap_or_else(|error| panic!("{error}"))
}

fn rsa_2048() -> KeyPair {
    let pem = include_str!("../keys/rsa.test-only.pem");
    KeyPair::from_pem(pem).unwrap_or_else(|error| panic!("{error}"))
}

/// The public half of a key of 1024 bits.
struct WeakRsaKey;

impl PublicKeyData for WeakRsaKey {
    fn der_bytes(&self) -> &[u8] {
        include_bytes!("../keys/rsa-1024.public.der")
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}
