//! The client's certificate in a question to `/v1/verify`: a member of its own, never a header
//! field. An application hands its client's fields on, and a certificate is public: whoever knows
//! one can write it into a field.

use serde::Deserialize;

use crate::certificate::{PlatformCertificate, TlsClientAuth};
use crate::policy::table;

/// `client_certificate`, by the source that the policy names.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ClientCertificate {
    /// What the client sent in its TLS handshake, its own certificate first, each as DER in base64.
    /// The application, or a proxy that it trusts, had the client prove that it holds the key; the
    /// gate checks the rest.
    Rfc9440(Vec<String>),
    /// `request.cf.tlsClientAuth` of a Worker's own client. Members that nobody reads here are left
    /// alone.
    Cloudflare(#[serde(deserialize_with = "table")] Box<DescribedTlsClientAuth>),
}

/// The members of [`TlsClientAuth`], as a Worker has them.
#[derive(Deserialize)]
pub(super) struct DescribedTlsClientAuth {
    #[serde(rename = "certPresented")]
    presented: Option<String>,
    #[serde(rename = "certVerified")]
    verified: Option<String>,
    #[serde(rename = "certRevoked")]
    revoked: Option<String>,
    #[serde(rename = "certIssuerDNRFC2253")]
    issuer_dn: Option<String>,
    #[serde(rename = "certSubjectDNRFC2253")]
    subject_dn: Option<String>,
    #[serde(rename = "certSerial")]
    serial: Option<String>,
    #[serde(rename = "certFingerprintSHA256")]
    fingerprint_sha256: Option<String>,
    #[serde(rename = "certIssuerSKI")]
    issuer_key_id: Option<String>,
    #[serde(rename = "certNotBefore")]
    not_before: Option<String>,
    #[serde(rename = "certNotAfter")]
    not_after: Option<String>,
    #[serde(rename = "certRFC9440")]
    rfc9440: Option<String>,
}

impl ClientCertificate {
    /// As the platform of another host would hand it over.
    pub(super) fn handover(&self) -> PlatformCertificate<'_> {
        match self {
            Self::Rfc9440(chain) => PlatformCertificate::Described(chain),
            Self::Cloudflare(told) => PlatformCertificate::Cloudflare(TlsClientAuth {
                presented: told.presented.as_deref(),
                verified: told.verified.as_deref(),
                revoked: told.revoked.as_deref(),
                issuer_dn: told.issuer_dn.as_deref(),
                subject_dn: told.subject_dn.as_deref(),
                serial: told.serial.as_deref(),
                fingerprint_sha256: told.fingerprint_sha256.as_deref(),
                issuer_key_id: told.issuer_key_id.as_deref(),
                not_before: told.not_before.as_deref(),
                not_after: told.not_after.as_deref(),
                rfc9440: told.rfc9440.as_deref(),
            }),
        }
    }
}
