//! The header fields that carry certificates: those that the gate reads, and those that it strips.

use super::CertificateSource;
use crate::identity_headers::{beginning, folded};

/// The fields of each source; a name that ends with `-` is a prefix.
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

/// Fields in which other products pass certificates to upstreams.
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

/// A source, and the field that the policy chose for it, if it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CertificateOrigin<'a> {
    pub source: CertificateSource,
    /// The field, in lower case.
    pub header: Option<&'a str>,
}

impl<'a> CertificateOrigin<'a> {
    /// Returns the field of a source that has only one.
    pub(super) fn field(self) -> &'a str {
        let usual =
            FIELDS.iter().find(|(own, _)| *own == self.source).and_then(|(_, names)| names.first());
        self.header.or(usual.copied()).unwrap_or_default()
    }

    /// Returns the names of its fields; one that ends with `-` is a prefix.
    pub(crate) fn fields(self) -> impl Iterator<Item = &'a str> {
        let usual = FIELDS.iter().filter(move |(own, _)| *own == self.source);
        usual.flat_map(|(_, names)| names.iter().copied()).chain(self.header)
    }

    /// Returns whether the field belongs to this origin.
    pub(crate) fn has_field(self, name: &str) -> bool {
        match self.header {
            Some(own) => matches(own, name),
            None => is_field_of(self.source, name),
        }
    }
}

/// Returns whether an upstream could take a client's field, in any spelling, for a verified
/// certificate.
pub(crate) fn carries_certificate(name: &str) -> bool {
    // Quick tests: few fields begin with these letters, and fewer like one of these.
    let Some(beginning @ [b'c' | b's' | b'x', ..]) = beginning(name) else { return false };
    let ours = FIELDS.iter().flat_map(|(_, names)| *names);
    ours.chain(&OF_OTHERS)
        .any(|pattern| pattern.as_bytes().starts_with(&beginning) && matches(pattern, name))
}

/// Returns whether the field belongs to this source.
pub(crate) fn is_field_of(source: CertificateSource, name: &str) -> bool {
    let mut names = FIELDS.iter().filter(|(own, _)| *own == source).flat_map(|(_, names)| *names);
    names.any(|pattern| matches(pattern, name))
}

fn matches(pattern: &str, name: &str) -> bool {
    let mut name = folded(name);
    let begins = pattern.bytes().all(|own| name.next() == Some(own));
    begins && (pattern.ends_with('-') || name.next().is_none())
}
