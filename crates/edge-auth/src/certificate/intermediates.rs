//! Which of the certificates beside a client's own can lead from it to an authority.
//!
//! Webpki tries every order of what it is given: of seven namesakes, thousands. What goes to it is
//! therefore bounded, and of every name there are two at most.

use std::collections::VecDeque;

use pki_types::CertificateDer;
use x509_cert::Certificate;

use super::{key_strength, parsed};
use crate::denial::{Code, Denial};

/// An authority may be certified by two others: by an old root and a new one.
const MAX_OF_A_NAME: usize = 2;

/// Those that may have issued the client's certificate, or one of those, in any order; each once.
///
/// # Errors
/// One that cannot be read, or whose key is too weak to have issued anything.
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
