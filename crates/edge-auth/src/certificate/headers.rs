//! The header fields that carry certificates, ours to read and others' to strip.

use super::CertificateSource;
use crate::identity_headers::fold;

/// The fields of each source that comes in fields; a name that ends with `-` is a beginning.
const FIELDS: [(CertificateSource, &[&str]); 4] = [
    (CertificateSource::Rfc9440, &["client-cert", "client-cert-chain"]),
    (CertificateSource::CloudflareHeaders, &["cf-cert-", "client-cert"]),
    (CertificateSource::AlbPassthrough, &["x-amzn-mtls-clientcert"]),
    (CertificateSource::AlbVerify, &["x-amzn-mtls-clientcert-"]),
];

/// Fields by which upstreams are told of certificates in other people's products.
const OF_OTHERS: [&str; 12] = [
    "cf-client-cert-",
    "x-forwarded-client-cert",
    "x-forwarded-tls-client-cert",
    "x-forwarded-tls-client-cert-",
    "ssl-client-",
    "x-ssl-client-",
    "x-client-cert",
    "x-client-cert-",
    "x-client-dn",
    "x-tls-client-cert",
    "x-arr-clientcert",
    "cloudfront-viewer-cert-",
];

/// Whether an upstream could take a client's field, in any spelling, for a certificate that somebody
/// verified.
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
