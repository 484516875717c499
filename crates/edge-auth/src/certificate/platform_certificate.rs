//! The client's certificate as a host gets it from its platform, outside of header fields.

use std::fmt;

use pki_types::CertificateDer;

/// The certificate as the platform gives it to the host.
#[derive(Clone, Copy, Default)]
#[non_exhaustive]
pub enum PlatformCertificate<'a> {
    /// No certificate; header fields may have one.
    #[default]
    Nothing,
    /// The chain of the TLS handshake, the client's own certificate first. The listener checked only
    /// that the client holds the key.
    Tls(&'a [CertificateDer<'a>]),
    /// `clientCertPem` of an API Gateway event.
    ApiGateway(&'a str),
    /// `request.cf.tlsClientAuth` of a Worker.
    Cloudflare(TlsClientAuth<'a>),
    /// `client_certificate.rfc9440` of a request to `/v1/verify`: the chain that a trusted application
    /// got from its client, the client's own first, each as DER in base64.
    Described(&'a [String]),
    /// The event comes from an application load balancer (it has a `requestContext.elb`), and so do
    /// its `X-Amzn-Mtls-*` fields.
    LoadBalancer,
}

/// Shows only the source: a certificate is public, but long.
impl fmt::Debug for PlatformCertificate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "Nothing",
            Self::Tls(_) => "Tls",
            Self::ApiGateway(_) => "ApiGateway",
            Self::Cloudflare(_) => "Cloudflare",
            Self::Described(_) => "Described",
            Self::LoadBalancer => "LoadBalancer",
        })
    }
}

/// The fields of `request.cf.tlsClientAuth`; `None` for those that are missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TlsClientAuth<'a> {
    /// `certPresented`: `"1"`, or `"0"`.
    pub presented: Option<&'a str>,
    /// `certVerified`: `"SUCCESS"`, also for a revoked certificate; `"FAILED:…"`, `"NONE"`.
    pub verified: Option<&'a str>,
    /// `certRevoked`: `"0"`, or `"1"`.
    pub revoked: Option<&'a str>,
    /// `certIssuerDNRFC2253`.
    pub issuer_dn: Option<&'a str>,
    /// `certSubjectDNRFC2253`.
    pub subject_dn: Option<&'a str>,
    /// `certSerial`: hexadecimal.
    pub serial: Option<&'a str>,
    /// `certFingerprintSHA256`: hexadecimal.
    pub fingerprint_sha256: Option<&'a str>,
    /// `certIssuerSKI`: hexadecimal.
    pub issuer_key_id: Option<&'a str>,
    /// `certNotBefore`: `Dec 22 19:39:00 2018 GMT`.
    pub not_before: Option<&'a str>,
    /// `certNotAfter`.
    pub not_after: Option<&'a str>,
    /// `certRFC9440`: the certificate itself; empty if it was too large.
    pub rfc9440: Option<&'a str>,
}
