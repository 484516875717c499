//! Verifies a chain (RFC 5280, section 6) by webpki, and checks what webpki leaves to its caller.

use std::time::Duration;

use edge_auth_token::Timestamp;
use pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};
use webpki::{EndEntityCert, Error, KeyUsage as Usage, VerifiedPath};
use x509_cert::Certificate;
use x509_cert::ext::pkix::KeyUsage;

use super::authority::Authorities;
use super::constraints::Constraints;
use super::crl_policy::PathCertificate;
use super::refusal::{invalid, malformed};
use super::validity::Validity;
use super::{intermediates, key_strength, parsed};
use crate::audit::excerpt;
use crate::denial::{Code, Denial};

/// A chain that leads to one of the authorities.
#[derive(Debug)]
pub(crate) struct VerifiedChain {
    /// When every certificate of the path is good, the authority's included.
    pub validity: Validity,
    /// Whether the authority itself issued the certificate, with none between.
    pub issued_directly: bool,
    /// Whether an authority of the path constrains names of any kind.
    pub names_constrained: bool,
    /// The authorities: those that stand between, and the one that the policy names.
    pub above: Vec<PathCertificate>,
}

/// Verifies that the first certificate may authenticate a client and leads to an authority.
pub(crate) fn verify(
    chain: &[CertificateDer<'_>],
    authorities: &Authorities,
    signatures: &[&'static dyn SignatureVerificationAlgorithm],
    now: Timestamp,
) -> Result<VerifiedChain, Denial> {
    let (own, others) = chain.split_first().ok_or_else(|| malformed("the chain is empty"))?;
    let parsed = parsed::parse(own)?;
    // The most frequent mistake comes first: an expired certificate is reported as expired,
    // whatever else is wrong with it.
    parsed::validity(&parsed).check(now)?;
    let usage: Option<KeyUsage> = parsed::extension(&parsed, "keyUsage")?;
    if usage.is_some_and(|usage| !usage.digital_signature()) {
        return Err(invalid("its `keyUsage` does not allow it to sign"));
    }
    if usage.is_some_and(|usage| usage.key_cert_sign()) {
        return Err(invalid("its `keyUsage` is that of an authority"));
    }
    key_strength::check(parsed.tbs_certificate().subject_public_key_info()).map_err(invalid)?;
    let certificate = EndEntityCert::try_from(own).map_err(denial)?;
    let (anchors, intermediates) = (authorities.anchors(), intermediates::of(&parsed, others)?);
    let time = UnixTime::since_unix_epoch(Duration::from_secs(now.seconds()));
    let good = |path: &VerifiedPath<'_>| inspect(path, &parsed, authorities, now).map(|_| ());
    let path = certificate
        .verify_for_usage(
            signatures,
            &anchors,
            &intermediates,
            time,
            Usage::client_auth(),
            None,
            Some(&good),
        )
        .map_err(denial)?;
    inspect(&path, &parsed, authorities, now).map_err(denial)
}

/// Checks what webpki does not: that the authorities of a path may issue certificates, what the
/// anchor's own certificate says, and name constraints for subjects.
fn inspect(
    path: &VerifiedPath<'_>,
    own: &Certificate,
    authorities: &Authorities,
    now: Timestamp,
) -> Result<VerifiedChain, Error> {
    let unreadable = |_| Error::MalformedExtensions;
    let intermediates =
        path.intermediate_certificates().map(|certificate| parsed::parse(&certificate.der()));
    let intermediates = intermediates.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    let authority = authorities.admitting(path.anchor(), intermediates.len(), now)?;
    let (mut validity, mut constraints) = (authority.validity, authority.constraints);
    for intermediate in intermediates.iter().rev() {
        let usage = parsed::extension::<KeyUsage>(intermediate, "keyUsage").map_err(unreadable)?;
        if usage.is_some_and(|usage| !usage.key_cert_sign()) {
            return Err(Error::EndEntityUsedAsCa);
        }
        if constraints.forbid(intermediate) {
            return Err(Error::NameConstraintViolation);
        }
        constraints = constraints.and(Constraints::of(intermediate).map_err(unreadable)?);
        validity = validity.and(parsed::validity(intermediate));
    }
    if constraints.forbid(own) {
        return Err(Error::NameConstraintViolation);
    }
    Ok(VerifiedChain {
        validity: validity.and(parsed::validity(own)),
        issued_directly: intermediates.is_empty(),
        names_constrained: constraints.any,
        above: above(path, authorities).map_err(unreadable)?,
    })
}

/// Returns every certificate above the client's whose revocation ends the path: of each authority
/// the presented one, and those that the policy has of it.
fn above(
    path: &VerifiedPath<'_>,
    authorities: &Authorities,
) -> Result<Vec<PathCertificate>, Denial> {
    let mut above = Vec::new();
    for intermediate in path.intermediate_certificates() {
        above.push(PathCertificate::read(&intermediate.der())?);
        let key = intermediate.subject_public_key_info();
        above.extend(authorities.certificates_of(&key).cloned());
    }
    let key = webpki::spki_for_anchor(path.anchor());
    above.extend(authorities.certificates_of(&key).cloned());
    Ok(above)
}

/// The advice for certificates that `openssl x509 -req` makes without extensions.
const VERSION_1: &str = "it, or one above it, is of version 1, which has no extensions: issue it again with some, as \
                         by `openssl x509 -req … -extfile client.ext`, where `client.ext` has \
                         `basicConstraints=CA:FALSE` and `extendedKeyUsage=clientAuth`";

/// Translates webpki's errors.
fn denial(error: Error) -> Denial {
    let (code, reason) = match &error {
        Error::CertExpired { .. } => {
            (Code::CertificateExpired, "a certificate above it has expired")
        }
        Error::CertNotValidYet { .. } => {
            (Code::CertificateNotYetValid, "one above it is not valid yet")
        }
        Error::UnknownIssuer => {
            (Code::CertificateIssuerUntrusted, "no authority of the block issued it")
        }
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
        Error::EndEntityUsedAsCa => {
            (Code::CertificateInvalid, "one above it may not issue certificates")
        }
        Error::PathLenConstraintViolated => {
            (Code::CertificateInvalid, "its path is longer than allowed")
        }
        Error::NameConstraintViolation => {
            (Code::CertificateInvalid, "a name of it is not one that its authority may issue for")
        }
        Error::UnsupportedCertVersion => (Code::CertificateInvalid, VERSION_1),
        Error::UnsupportedSignatureAlgorithmContext(_)
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_)
        | Error::SignatureAlgorithmMismatch => (
            Code::CertificateInvalid,
            "it, or one above it, is signed by an algorithm that is not accepted",
        ),
        Error::UnsupportedCriticalExtension => (
            Code::CertificateInvalid,
            "it, or one above it, has a critical extension that is not known",
        ),
        Error::MaximumPathDepthExceeded
        | Error::MaximumPathBuildCallsExceeded
        | Error::MaximumSignatureChecksExceeded
        | Error::MaximumNameConstraintComparisonsExceeded => {
            (Code::CertificateInvalid, "to find its path takes more work than is done for one")
        }
        // Some of them hold bytes of the certificate.
        other => {
            return invalid(format!(
                "its path is not good: {}",
                excerpt(&format!("{other:?}"), 100)
            ));
        }
    };
    Denial::new(code, reason)
}
