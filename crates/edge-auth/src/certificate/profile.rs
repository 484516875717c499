//! A `[[client_cert]]`, ready to say who a certificate is for.

use edge_auth_token::Timestamp;
use pki_types::SignatureVerificationAlgorithm;

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
use crate::principal::{Principal, PrincipalKind};
use crate::revocation::RevocationSecrets;
use crate::scopes::Scopes;

/// One block.
#[derive(Debug)]
pub(crate) struct CertificateProfile {
    pub name: String,
    pub source: CertificateSource,
    /// The field by which certificates come, where it is not the source's usual one.
    pub header: Option<String>,
    /// Against whom chains are verified; only for sources that bring them. Without any, the
    /// fingerprint is pinned (RFC 8705, section 2.2).
    pub authorities: Option<Authorities>,
    pub pins: Pins,
    pub identity: Identity,
    pub scopes: Scopes,
    pub lists: CrlPolicy,
}

/// From whom certificates must be that a platform verified, and which ones they may be. Of each
/// list that is not empty, one must fit.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pins {
    pub issuer_key_ids: Vec<Vec<u8>>,
    pub issuer_dns: Vec<DistinguishedName>,
    pub fingerprints: Vec<Thumbprint>,
}

/// A certificate that a block found good, and what is asked anew each time it is used.
#[derive(Debug)]
pub(crate) struct KnownCertificate {
    pub principal: Principal,
    /// The SHA-256 of the certificate as it was presented.
    pub thumbprint: Thumbprint,
    /// By what its revocation is found, and that of those above it; nothing where there is no feed.
    pub marks: Vec<PathTags>,
    validity: Validity,
}

impl KnownCertificate {
    /// Whether it is good at `now`.
    pub(crate) fn check(&self, now: Timestamp) -> Result<(), Denial> {
        self.validity.check(now)
    }
}

impl CertificateProfile {
    /// By what its certificates come.
    pub(crate) fn origin(&self) -> CertificateOrigin<'_> {
        CertificateOrigin { source: self.source, header: self.header.as_deref() }
    }

    /// Verifies a certificate, and finds out who it is for.
    pub(crate) fn verify(
        &self,
        presented: &PresentedCertificate<'_>,
        signatures: &[&'static dyn SignatureVerificationAlgorithm],
        secrets: Option<&RevocationSecrets>,
        now: Timestamp,
    ) -> Result<KnownCertificate, Denial> {
        let mut facts = match presented {
            PresentedCertificate::Reported(reported) => reported.to_parsed(self.source)?,
            whole => ParsedCertificate::read(
                whole.certificates().first().ok_or_else(|| untrusted("there is none"))?,
            )?,
        };
        let mut path = vec![PathCertificate::from(&facts)];
        if !self.source.brings_chain() {
            facts.validity.check(now)?;
            self.pins.check(&facts)?;
        } else if let Some(authorities) = &self.authorities {
            let verified = chain::verify(presented.certificates(), authorities, signatures, now)?;
            facts.validity = verified.validity;
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
                _ => {}
            }
            if !self.pins.is_empty() {
                self.pins.check(&facts)?;
            }
        } else {
            self.pins.check(&facts)?;
            facts.validity.check(now)?;
            check_key(presented)?;
        }
        if secrets.is_some() && !facts.can_be_revoked() {
            return Err(malformed(
                "neither it nor its issuer's name can be read: it could not be revoked",
            ));
        }
        let identity = self.identity.of(&facts, &self.pins.fingerprints)?;
        let principal = Principal {
            id: format!("cert:{}:{identity}", self.name),
            kind: PrincipalKind::ClientCertificate,
            subject: identity,
            issuer: None,
            client: None,
            scopes: self.scopes.clone(),
        };
        let marks = secrets.map(|secrets| path.iter().map(|one| one.marks(secrets)).collect());
        let ParsedCertificate { fingerprints, validity, .. } = facts;
        let thumbprint = fingerprints.presented;
        Ok(KnownCertificate { principal, thumbprint, marks: marks.unwrap_or_default(), validity })
    }
}

impl Pins {
    pub(crate) fn is_empty(&self) -> bool {
        self.issuer_key_ids.is_empty() && self.issuer_dns.is_empty() && self.fingerprints.is_empty()
    }

    fn check(&self, facts: &ParsedCertificate) -> Result<(), Denial> {
        let key_id = facts.issuer_key_id.as_ref();
        if !self.issuer_key_ids.is_empty()
            && !key_id.is_some_and(|own| self.issuer_key_ids.contains(own))
        {
            let found = key_id.map_or_else(|| "none".to_owned(), |id| to_hex(id));
            return Err(untrusted(format!("its issuer's key identifier is {found}")));
        }
        if !self.issuer_dns.is_empty() {
            let issuer = facts
                .issuer
                .as_ref()
                .ok_or_else(|| malformed("its issuer's name is unreadable"))?;
            if !self.issuer_dns.contains(issuer) {
                return Err(untrusted("its issuer has another name"));
            }
        }
        if !self.fingerprints.is_empty()
            && !self.fingerprints.contains(&facts.fingerprints.presented)
        {
            return Err(untrusted("its fingerprint is not among those of the policy"));
        }
        // Nothing is pinned to nothing: a policy without pins is refused.
        if self.is_empty() { Err(untrusted("the block pins no issuer")) } else { Ok(()) }
    }
}

/// Checks the key of a certificate that no authority is asked about.
fn check_key(presented: &PresentedCertificate<'_>) -> Result<(), Denial> {
    let own = presented.certificates().first().ok_or_else(|| untrusted("there is none"))?;
    let parsed = parsed::parse(own)?;
    let key = parsed.tbs_certificate().subject_public_key_info();
    key_strength::check(key).map_err(invalid)
}
