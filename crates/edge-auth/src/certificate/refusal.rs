//! The refusals of this module, by their codes.

use crate::denial::{Code, Denial};

/// The certificate cannot be read, or says what no certificate may say.
pub(crate) fn malformed(reason: impl Into<String>) -> Denial {
    Denial::new(Code::CertificateMalformed, reason)
}

/// The certificate, or its path, is not good for authenticating a client.
pub(super) fn invalid(reason: impl Into<String>) -> Denial {
    Denial::new(Code::CertificateInvalid, reason)
}

/// The policy does not trust the issuer, or does not pin the certificate.
pub(super) fn untrusted(reason: impl Into<String>) -> Denial {
    Denial::new(Code::CertificateIssuerUntrusted, reason)
}
