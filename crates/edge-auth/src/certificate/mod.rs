//! Client certificates: handed over by a platform, verified, and turned into an identity.
//!
//! ```text
//! Handover, header fields ─► Presented ─► chain (where nobody verified it) ─► pins ─► identity
//! (handover)                 (presented)  (chain)                            (block)  (identity)
//! ```
//!
//! The policy says which source is read; what comes by another is not looked at.

mod authority;
mod canonical;
mod chain;
mod cloudflare;
mod constraints;
mod crl;
mod crl_policy;
mod extract;
mod headers;
mod identity;
mod intermediates;
mod key_strength;
mod list_scope;
mod name;
mod parsed;
mod pem;
mod platform_certificate;
mod profile;
mod proxy_fields;
mod refusal;
mod rfc9440;
mod signature_form;
mod signatures;
mod signed_list;
mod source;
mod validity;
mod xfcc;

pub(crate) use authority::Authorities;
pub(crate) use crl::RevokedCertificates;
pub(crate) use crl_policy::CrlPolicy;
pub(crate) use extract::PresentedCertificate;
pub(crate) use headers::{CertificateOrigin, carries_certificate};
pub(crate) use identity::Identity;
pub(crate) use name::DistinguishedName;
pub(crate) use parsed::serial;
pub(crate) use profile::{CertificateProfile, KnownCertificate, Pins};

pub use authority::check_authorities;
pub use crl::{CrlError, MAX_CRL_BYTES};
pub use parsed::{CertificateNames, check_validity, public_key};
pub use pem::{PemBlock, certificates_in_file, pem_blocks};
pub use platform_certificate::{PlatformCertificate, TlsClientAuth};
pub use signatures::CertificateSignatures;
pub use source::CertificateSource;

/// The SHA-256 of a certificate's DER (RFC 8705, section 3.1).
pub(crate) type Thumbprint = [u8; 32];

/// The largest certificate that is read, in bytes of DER.
pub(crate) const MAX_CERTIFICATE_BYTES: usize = 16 * 1024;
/// The most certificates of one chain, the client's own included.
pub(crate) const MAX_CHAIN: usize = 6;

/// Bytes from hexadecimal digits, as platforms and people write fingerprints and identifiers: in
/// any case, with or without colons between bytes.
pub(crate) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let plain: Vec<u8> = if text.contains(':') {
        let bytes = text.split(':').map(|byte| (byte.len() == 2).then_some(byte));
        bytes.collect::<Option<Vec<_>>>()?.concat().into_bytes()
    } else {
        text.as_bytes().to_vec()
    };
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    if plain.is_empty() {
        return None;
    }
    plain.chunks(2).map(pair).collect()
}

/// Lower-case hexadecimal digits.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
