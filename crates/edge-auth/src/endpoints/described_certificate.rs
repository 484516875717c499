//! The client's certificate in a request to `/v1/verify`: a separate member, never a header field.
//! An application passes on the fields that its client sent, and certificates are public: a client
//! could write any certificate into a field.

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
    /// `request.cf.tlsClientAuth` of a Worker's own client. Unknown members are ignored.
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
    /// Returns the certificate in the form in which a platform hands one over.
    pub(super) fn handover(&self) -> PlatformCertificate<'_> {
        match self {
            Self::Rfc9440(chain) => PlatformCertificate::Described(chain),
            Self::Cloudflare(auth) => PlatformCertificate::Cloudflare(TlsClientAuth {
                presented: auth.presented.as_deref(),
                verified: auth.verified.as_deref(),
                revoked: auth.revoked.as_deref(),
                issuer_dn: auth.issuer_dn.as_deref(),
                subject_dn: auth.subject_dn.as_deref(),
                serial: auth.serial.as_deref(),
                fingerprint_sha256: auth.fingerprint_sha256.as_deref(),
                issuer_key_id: auth.issuer_key_id.as_deref(),
                not_before: auth.not_before.as_deref(),
                not_after: auth.not_after.as_deref(),
                rfc9440: auth.rfc9440.as_deref(),
            }),
        }
    }
}
