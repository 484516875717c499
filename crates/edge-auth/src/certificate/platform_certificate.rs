//! What a host hands over of the client's certificate, beside the header fields.

use std::fmt;

use pki_types::CertificateDer;

/// The certificate as the platform gives it to its host.
#[derive(Clone, Copy, Default)]
#[non_exhaustive]
pub enum PlatformCertificate<'a> {
    /// None; header fields are all that there may be.
    #[default]
    Nothing,
    /// What the client sent in the TLS handshake, its own certificate first. The listener had it
    /// prove that it holds the key, and checked nothing else.
    Tls(&'a [CertificateDer<'a>]),
    /// `clientCertPem` of an API Gateway event.
    ApiGateway(&'a str),
    /// `request.cf.tlsClientAuth` of a Worker.
    Cloudflare(TlsClientAuth<'a>),
    /// `client_certificate.rfc9440` of a question to `/v1/verify`: what a trusted application says
    /// that its client sent, its own certificate first, each as DER in base64.
    Described(&'a [String]),
    /// The event is an application load balancer's (it has a `requestContext.elb`), and with that
    /// its `X-Amzn-Mtls-*` fields are.
    LoadBalancer,
}

/// A certificate is public, but long: only its source is shown.
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

/// `request.cf.tlsClientAuth`, field by field; what is missing is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TlsClientAuth<'a> {
    /// `certPresented`: `"1"`, or `"0"`.
    pub presented: Option<&'a str>,
    /// `certVerified`: `"SUCCESS"`, also of a revoked certificate; `"FAILED:…"`, `"NONE"`.
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
