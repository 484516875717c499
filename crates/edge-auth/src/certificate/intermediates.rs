//! Selects the intermediates that can lead from a client's certificate to an authority.
//!
//! Webpki tries every order of its intermediates: thousands for seven that share a name. So it gets
//! at most two of each name.

use std::collections::VecDeque;

use pki_types::CertificateDer;
use x509_cert::Certificate;

use super::{key_strength, parsed};
use crate::denial::{Code, Denial};

/// The most certificates of one name: an old and a new root may both certify an authority.
const MAX_OF_A_NAME: usize = 2;

/// Returns the certificates that may have issued the client's, directly or not; each once.
///
/// # Errors
/// A certificate cannot be read, or has a weak key.
pub(crate) fn of<'a>(
    own: &Certificate,
    others: &[CertificateDer<'a>],
) -> Result<Vec<CertificateDer<'a>>, Denial> {
    let mut rest = Vec::with_capacity(others.len());
    for (index, der) in others.iter().enumerate() {
        if !others.iter().take(index).any(|earlier| earlier == der) {
            rest.push((der, parsed::parse(der)?));
        }
    }
    let mut sought = VecDeque::from([own.tbs_certificate().issuer().clone()]);
    let mut chosen = Vec::with_capacity(rest.len());
    while let Some(name) = sought.pop_front() {
        let (named, others): (Vec<_>, Vec<_>) = rest
            .into_iter()
            .partition(|(_, certificate)| *certificate.tbs_certificate().subject() == name);
        rest = others;
        for (der, certificate) in named.into_iter().take(MAX_OF_A_NAME) {
            let key = certificate.tbs_certificate().subject_public_key_info();
            key_strength::check_signer(key).map_err(|reason| {
                Denial::new(Code::CertificateInvalid, format!("one above it: {reason}"))
            })?;
            sought.push_back(certificate.tbs_certificate().issuer().clone());
            chosen.push(der.clone());
        }
    }
    Ok(chosen)
}
