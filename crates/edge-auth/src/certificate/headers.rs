//! The header fields that carry certificates, ours to read and others' to strip.

use super::CertificateSource;
use crate::identity_headers::fold;

/// The fields of each source that comes in fields; a name that ends with `-` is a beginning.
const FIELDS: [(CertificateSource, &[&str]); 9] = [
    (CertificateSource::Rfc9440, &["client-cert", "client-cert-chain"]),
    (CertificateSource::CloudflareHeaders, &["cf-cert-", "client-cert"]),
    (CertificateSource::AlbPassthrough, &["x-amzn-mtls-clientcert"]),
    (CertificateSource::AlbVerify, &["x-amzn-mtls-clientcert-"]),
    (CertificateSource::Nginx, &["x-ssl-client-cert"]),
    (CertificateSource::EnvoyXfcc, &["x-forwarded-client-cert"]),
    (CertificateSource::Traefik, &["x-forwarded-tls-client-cert"]),
    (CertificateSource::Haproxy, &["x-ssl-client-der"]),
    (CertificateSource::Azure, &["x-arr-clientcert"]),
];

/// Fields by which upstreams are told of certificates in other people's products.
const OF_OTHERS: [&str; 9] = [
    "cf-client-cert-",
    "x-forwarded-tls-client-cert-",
    "ssl-client-",
    "x-ssl-client-",
    "x-client-cert",
    "x-client-cert-",
    "x-client-dn",
    "x-tls-client-cert",
    "cloudfront-viewer-cert-",
];

/// A source, and the field by which it comes if the policy chose one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CertificateOrigin<'a> {
    pub source: CertificateSource,
    /// In lower case.
    pub header: Option<&'a str>,
}

impl<'a> CertificateOrigin<'a> {
    /// The one field of a proxy's that has one.
    pub(super) fn field(self) -> &'a str {
        let usual =
            FIELDS.iter().find(|(own, _)| *own == self.source).and_then(|(_, names)| names.first());
        self.header.or(usual.copied()).unwrap_or_default()
    }

    /// Whether the field belongs to it.
    pub(crate) fn has_field(self, name: &str) -> bool {
        match self.header {
            Some(own) => matches(own, name),
            None => is_field_of(self.source, name),
        }
    }
}

/// Whether an upstream could take a client's field, in any spelling, for a certificate that
/// somebody verified.
pub(crate) fn carries_certificate(name: &str) -> bool {
    // Few fields of a request begin like them.
    let Some(initial @ ('c' | 's' | 'x')) = fold(name).next() else { return false };
    let ours = FIELDS.iter().flat_map(|(_, names)| *names);
    ours.chain(&OF_OTHERS).any(|pattern| pattern.starts_with(initial) && matches(pattern, name))
}

/// Whether the field belongs to this source.
pub(crate) fn is_field_of(source: CertificateSource, name: &str) -> bool {
    let mut names = FIELDS.iter().filter(|(own, _)| *own == source).flat_map(|(_, names)| *names);
    names.any(|pattern| matches(pattern, name))
}

fn matches(pattern: &str, name: &str) -> bool {
    let mut name = fold(name);
    let begins = pattern.chars().all(|own| name.next() == Some(own));
    begins && (pattern.ends_with('-') || name.next().is_none())
}
