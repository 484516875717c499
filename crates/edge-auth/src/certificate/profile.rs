//! A compiled `[[client_cert]]` block: verifies a certificate and finds its identity.

use std::sync::Arc;

use edge_auth_token::Timestamp;
use pki_types::{CertificateDer, SignatureVerificationAlgorithm};

use serde::{Deserialize, Serialize};

use super::authority::Authorities;
use super::crl_policy::{CrlPolicy, PathCertificate, PathTags};
use super::identity::Identity;
use super::name::DistinguishedName;
use super::parsed::ParsedCertificate;
use super::refusal::{invalid, malformed, untrusted};
use super::validity::Validity;
use super::{
    CertificateOrigin, CertificateSource, PresentedCertificate, Thumbprint, chain, key_strength,
    parsed, to_hex,
};
use crate::denial::{Code, Denial};
use crate::principal::{Derived, Principal, PrincipalKind};
use crate::revocation::RevocationSecrets;
use crate::scopes::Scopes;

/// One block.
#[derive(Debug)]
pub(crate) struct CertificateProfile {
    pub name: String,
    pub source: CertificateSource,
    /// The field that carries certificates, if it is not the source's usual one.
    pub header: Option<String>,
    /// The authorities that chains are verified against, for sources that bring chains. Without
    /// them, the fingerprint is pinned (RFC 8705, section 2.2).
    pub authorities: Option<Authorities>,
    pub pins: Pins,
    pub identity: Identity,
    pub scopes: Scopes,
    pub lists: CrlPolicy,
}

/// The issuers and certificates that the policy accepts. Of each list that is not empty, one entry
/// must match.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub(crate) struct Pins {
    pub issuer_key_ids: Vec<Vec<u8>>,
    pub issuer_dns: Vec<DistinguishedName>,
    pub fingerprints: Vec<Thumbprint>,
}

/// A certificate that a block verified, with the parts that are checked again at each use.
#[derive(Debug)]
pub(crate) struct KnownCertificate {
    pub principal: Arc<Principal>,
    /// The SHA-256 of the certificate as it was presented.
    pub thumbprint: Thumbprint,
    /// The revocation tags of the certificate and of those above it; empty without a feed.
    pub marks: Vec<PathTags>,
    validity: Validity,
}

impl KnownCertificate {
    /// Checks that it is good at `now`.
    pub(crate) fn check(&self, now: Timestamp) -> Result<(), Denial> {
        self.validity.check(now)
    }
}

impl CertificateProfile {
    /// Returns the source and the field of its certificates.
    pub(crate) fn origin(&self) -> CertificateOrigin<'_> {
        CertificateOrigin { source: self.source, header: self.header.as_deref() }
    }

    /// Verifies a certificate and returns the principal that it identifies.
    pub(crate) fn verify(
        &self,
        presented: &PresentedCertificate<'_>,
        signatures: &[&'static dyn SignatureVerificationAlgorithm],
        secrets: Option<&RevocationSecrets>,
        now: Timestamp,
    ) -> Result<KnownCertificate, Denial> {
        let mut parsed = match presented {
            PresentedCertificate::Reported(reported) => reported.to_parsed(self.source)?,
            PresentedCertificate::Chain(_) | PresentedCertificate::Leaf(_) => {
                ParsedCertificate::read(own(presented)?)?
            }
        };
        let mut path = vec![PathCertificate::from(&parsed)];
        if !self.source.brings_chain() {
            parsed.validity.check(now)?;
            self.pins.check(&parsed)?;
        } else if let Some(authorities) = &self.authorities {
            let verified = chain::verify(presented.certificates(), authorities, signatures, now)?;
            parsed.validity = verified.validity;
            path.extend(verified.above);
            match self.identity {
                Identity::Serial if !verified.issued_directly => {
                    let reason = "a serial number is unique for one issuer: the CA itself must have issued it";
                    return Err(Denial::new(Code::CertificateIdentityMismatch, reason));
                }
                Identity::Subject { .. } if verified.names_constrained => {
                    let reason = "an authority of its path constrains names, which does not bind the subject's";
                    return Err(Denial::new(Code::CertificateIdentityMismatch, reason));
                }
                Identity::SanUri(_)
                | Identity::SanDns(_)
                | Identity::SanEmail(_)
                | Identity::Subject { .. }
                | Identity::Serial
                | Identity::Fingerprint => {}
            }
            if !self.pins.is_empty() {
                self.pins.check(&parsed)?;
            }
        } else {
            self.pins.check(&parsed)?;
            parsed.validity.check(now)?;
            check_key(presented)?;
        }
        if secrets.is_some() && !parsed.can_be_revoked() {
            return Err(malformed(
                "neither it nor its issuer's name can be read: it could not be revoked",
            ));
        }
        let identity = self.identity.of(&parsed, &self.pins.fingerprints)?;
        let principal = Principal {
            id: format!("cert:{}:{identity}", self.name),
            kind: PrincipalKind::ClientCertificate,
            subject: identity,
            issuer: None,
            client: None,
            tenant: None,
            scopes: self.scopes.clone(),
            derived: Derived::default(),
        };
        let marks = match secrets {
            Some(secrets) => path.iter().map(|one| one.marks(secrets)).collect(),
            None => Vec::new(),
        };
        let ParsedCertificate { fingerprints, validity, .. } = parsed;
        let thumbprint = fingerprints.presented;
        Ok(KnownCertificate { principal: Arc::new(principal), thumbprint, marks, validity })
    }
}

impl Pins {
    pub(crate) fn is_empty(&self) -> bool {
        self.issuer_key_ids.is_empty() && self.issuer_dns.is_empty() && self.fingerprints.is_empty()
    }

    fn check(&self, parsed: &ParsedCertificate) -> Result<(), Denial> {
        let key_id = parsed.issuer_key_id.as_ref();
        if !self.issuer_key_ids.is_empty()
            && !key_id.is_some_and(|own| self.issuer_key_ids.contains(own))
        {
            let found = key_id.map_or_else(|| "none".to_owned(), |id| to_hex(id));
            return Err(untrusted(format!("its issuer's key identifier is {found}")));
        }
        if !self.issuer_dns.is_empty() {
            let issuer = parsed
                .issuer
                .as_ref()
                .ok_or_else(|| malformed("its issuer's name is unreadable"))?;
            if !self.issuer_dns.contains(issuer) {
                return Err(untrusted("its issuer has another name"));
            }
        }
        if !self.fingerprints.is_empty()
            && !self.fingerprints.contains(&parsed.fingerprints.presented)
        {
            return Err(untrusted("its fingerprint is not among those of the policy"));
        }
        // A policy without pins does not compile.
        if self.is_empty() { Err(untrusted("the block pins no issuer")) } else { Ok(()) }
    }
}

/// Returns the client's own certificate.
fn own<'p>(presented: &'p PresentedCertificate<'_>) -> Result<&'p CertificateDer<'p>, Denial> {
    presented.certificates().first().ok_or_else(|| untrusted("the request has no certificate"))
}

/// Checks the key of a certificate that is pinned by its fingerprint instead of an authority.
fn check_key(presented: &PresentedCertificate<'_>) -> Result<(), Denial> {
    let parsed = parsed::parse(own(presented)?)?;
    let key = parsed.tbs_certificate().subject_public_key_info();
    key_strength::check(key).map_err(invalid)
}
