//! Verifying a chain (RFC 5280, section 6): by webpki, with what it leaves to its caller.

use std::time::Duration;

use edge_auth_token::Timestamp;
use pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};
use webpki::{EndEntityCert, Error, KeyUsage as Usage, VerifiedPath};
use x509_cert::ext::pkix::KeyUsage;

use super::authority::Authorities;
use super::validity::Validity;
use super::{facts, key_strength};
use crate::denial::{Code, Denial};

/// A chain that leads to one of the authorities.
#[derive(Debug)]
pub(crate) struct VerifiedChain {
    /// While every certificate of the path is good, the authority's included.
    pub validity: Validity,
    /// No other authority stands between.
    pub issued_directly: bool,
}

/// Verifies that the first certificate may authenticate a client, and leads to an authority.
pub(crate) fn verify(
    chain: &[CertificateDer<'_>],
    authorities: &Authorities,
    signatures: &[&'static dyn SignatureVerificationAlgorithm],
    now: Timestamp,
) -> Result<VerifiedChain, Denial> {
    let (own, others) = chain.split_first().ok_or_else(|| facts::malformed("the chain is empty"))?;
    let parsed = facts::parse(own)?;
    // First, since it is what goes wrong most often: whatever else is wrong, an expired one is that.
    facts::validity(&parsed).check(now)?;
    let usage: Option<KeyUsage> = facts::extension(&parsed, "keyUsage")?;
    if usage.is_some_and(|usage| !usage.digital_signature()) {
        return Err(invalid("its `keyUsage` does not allow it to sign"));
    }
    key_strength::check(parsed.tbs_certificate().subject_public_key_info()).map_err(invalid)?;
    let certificate = EndEntityCert::try_from(own).map_err(denial)?;
    let anchors = authorities.anchors();
    let time = UnixTime::since_unix_epoch(Duration::from_secs(now.seconds()));
    let allowed = |path: &VerifiedPath<'_>| allowed(path, authorities, time);
    let path = certificate
        .verify_for_usage(signatures, &anchors, others, time, Usage::client_auth(), None, Some(&allowed))
        .map_err(denial)?;
    let mut validity = facts::validity(&parsed);
    for intermediate in path.intermediate_certificates() {
        validity = validity.and(facts::validity(&facts::parse(&intermediate.der())?));
    }
    if let Some(authority) = authorities.of(path.anchor()) {
        validity = validity.and(authority.validity);
    }
    Ok(VerifiedChain { validity, issued_directly: path.intermediate_certificates().next().is_none() })
}

/// What webpki leaves open of a path: whether authorities on it may issue at all, and what the
/// anchor's own certificate says of its time and of the path's length.
fn allowed(path: &VerifiedPath<'_>, authorities: &Authorities, time: UnixTime) -> Result<(), Error> {
    let mut length = 0;
    for intermediate in path.intermediate_certificates() {
        let parsed = facts::parse(&intermediate.der()).map_err(|_| Error::MalformedExtensions)?;
        let usage =
            facts::extension::<KeyUsage>(&parsed, "keyUsage").map_err(|_| Error::MalformedExtensions)?;
        if usage.is_some_and(|usage| !usage.key_cert_sign()) {
            return Err(Error::EndEntityUsedAsCa);
        }
        length += 1;
    }
    let authority = authorities.of(path.anchor()).ok_or(Error::UnknownIssuer)?;
    if authority.max_intermediates.is_some_and(|most| length > usize::from(most)) {
        return Err(Error::PathLenConstraintViolated);
    }
    let point = |point: Timestamp| UnixTime::since_unix_epoch(Duration::from_secs(point.seconds()));
    let (not_before, not_after) = (point(authority.validity.not_before), point(authority.validity.not_after));
    if time < not_before {
        return Err(Error::CertNotValidYet { time, not_before });
    }
    if time > not_after {
        return Err(Error::CertExpired { time, not_after });
    }
    Ok(())
}

/// The one table from webpki's errors to ours.
fn denial(error: Error) -> Denial {
    let (code, reason) = match &error {
        Error::CertExpired { .. } => (Code::CertificateExpired, "a certificate above it has expired"),
        Error::CertNotValidYet { .. } => (Code::CertificateNotYetValid, "one above it is not valid yet"),
        Error::UnknownIssuer => (Code::CertificateIssuerUntrusted, "no authority of the block issued it"),
        Error::InvalidSignatureForPublicKey => {
            (Code::CertificateIssuerUntrusted, "an authority of the same name did not sign it")
        }
        Error::BadDer | Error::BadDerTime | Error::TrailingData(_) | Error::MalformedExtensions => {
            (Code::CertificateMalformed, "it is not the DER of a certificate")
        }
        Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => {
            (Code::CertificateInvalid, "its `extendedKeyUsage` is not for authenticating clients")
        }
        Error::CaUsedAsEndEntity => (Code::CertificateInvalid, "it is an authority's"),
        Error::EndEntityUsedAsCa => (Code::CertificateInvalid, "one above it may not issue certificates"),
        Error::PathLenConstraintViolated => (Code::CertificateInvalid, "its path is longer than allowed"),
        Error::NameConstraintViolation => {
            (Code::CertificateInvalid, "a name of it is not one that its authority may issue for")
        }
        Error::UnsupportedCertVersion => (Code::CertificateInvalid, "it is not of version 3"),
        other => return invalid(format!("the chain is not good: {other:?}")),
    };
    Denial::new(code, reason)
}

fn invalid(reason: impl Into<String>) -> Denial {
    Denial::new(Code::CertificateInvalid, reason)
}
