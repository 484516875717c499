//! Certificates as PEM (RFC 7468), as events and load balancers carry them.

use percent_encoding::percent_decode_str;
use pki_types::CertificateDer;
use pki_types::pem::PemObject;

use super::parsed::malformed;
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

/// All certificates of a file that a person wrote, and none left out for a typing error.
///
/// # Errors
/// What is wrong with the file, for that person.
pub(crate) fn of_file(file: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    if file.starts_with(&[0x30]) {
        return Err("is DER: make it PEM with `openssl x509 -inform der`".to_owned());
    }
    if [&[0xEF, 0xBB, 0xBF][..], &[0xFE, 0xFF], &[0xFF, 0xFE]].iter().any(|mark| file.starts_with(mark)) {
        return Err("begins with a byte order mark: save it as plain ASCII".to_owned());
    }
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(file).collect();
    let read = read.map_err(|_| "is broken PEM: a certificate in it is cut off, or not base64".to_owned())?;
    let text = String::from_utf8_lossy(file);
    let meant = text.lines().filter(|line| line.contains("END ") && line.contains("CERTIFICATE--")).count();
    match read.len() {
        0 => Err("has no certificate in it: `-----BEGIN CERTIFICATE-----`".to_owned()),
        found if found < meant => {
            Err(format!("has only {found} of {meant} certificates between proper `BEGIN CERTIFICATE` lines"))
        }
        _ => Ok(read),
    }
}

/// Of a header field: the text is percent-encoded, with `+`, `=` and `/` left as they are. Form
/// decoding would make spaces of the first.
pub(crate) fn from_field(value: &[u8]) -> Result<Vec<CertificateDer<'static>>, Denial> {
    let text = std::str::from_utf8(value).map_err(|_| malformed("the field is no text"))?;
    certificates(&percent_decode_str(text).collect::<Vec<u8>>())
}
