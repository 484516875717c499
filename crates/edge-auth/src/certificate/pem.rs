//! Certificates as PEM (RFC 7468), as events and load balancers carry them.

use percent_encoding::percent_decode_str;
use pki_types::CertificateDer;
use pki_types::pem::PemObject;

use super::facts::malformed;
use crate::denial::Denial;

/// All certificates in a text, in order; at least one.
pub(crate) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Denial> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match read {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(malformed("it is no PEM")),
        Err(_) => Err(malformed("it is broken PEM")),
    }
}

/// Of a header field: the text is percent-encoded, with `+`, `=` and `/` left as they are. Form
/// decoding would make spaces of the first.
pub(crate) fn from_field(value: &[u8]) -> Result<Vec<CertificateDer<'static>>, Denial> {
    let text = std::str::from_utf8(value).map_err(|_| malformed("the field is no text"))?;
    certificates(&percent_decode_str(text).collect::<Vec<u8>>())
}
