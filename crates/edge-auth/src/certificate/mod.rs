//! Client certificates: presented by a platform, verified, and turned into an identity.
//!
//! ```text
//! PlatformCertificate, ─► PresentedCertificate ─► chain, unless the  ─► pins  ─► identity
//! header fields                                   platform verified it
//! (platform_certificate,  (extract)               (chain)              (profile) (identity)
//!  headers)
//! ```
//!
//! The policy names the source. Certificates from other sources are ignored.

mod authority;
mod canonical;
mod chain;
mod cloudflare;
mod constraints;
mod crl;
mod crl_policy;
mod extract;
mod headers;
mod hexadecimal;
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
pub use crl::RevokedCertificates;
pub(crate) use crl_policy::CrlPolicy;
pub(crate) use extract::PresentedCertificate;
pub(crate) use headers::{CertificateOrigin, carries_certificate};
pub(crate) use hexadecimal::{from_hex, serial};

use crate::hexadecimal::to_hex;
pub(crate) use identity::Identity;
pub(crate) use name::DistinguishedName;
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
