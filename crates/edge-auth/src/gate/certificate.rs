//! Verifying a client certificate, and a token's binding to it.

use std::sync::Arc;

use edge_auth_token::{Confirmation, Timestamp};
use sha2::{Digest, Sha256};

use super::Gate;
use super::outcome::{CheckResult, DecisionContext};
use crate::certificate::{
    CertificateOrigin, CertificateProfile, CertificateSource, KnownCertificate,
    PresentedCertificate, Thumbprint,
};
use crate::denial::{Code, Denial};
use crate::platform::Platform;
use crate::policy::{CredentialRef, Rule};
use crate::request::AuthRequest;

/// A certificate, and the block by which it was found good.
#[derive(Clone)]
pub(super) struct Verified {
    pub named: CredentialRef,
    pub certificate: Arc<KnownCertificate>,
}

impl<P: Platform> Gate<P> {
    /// Verifies the certificate that is presented by a source of the blocks that the rule names.
    pub(super) async fn verify_certificate(
        &self,
        named: &[CredentialRef],
        request: &AuthRequest<'_>,
        now: Timestamp,
        context: &mut DecisionContext,
    ) -> Result<Option<Verified>, Denial> {
        let blocks = named.iter().filter_map(|one| match one {
            CredentialRef::Cert(index) => Some(*index),
            _ => None,
        });
        self.certificate_by(&blocks.collect::<Vec<_>>(), request, now, context).await
    }

    /// Checks that a token is used by whom it was issued to (RFC 8705, section 3), and that it is
    /// bound at all where the rule asks for that. Where the rule names no certificate, it may come
    /// by the source of any block.
    pub(super) async fn check_binding(
        &self,
        confirmation: Confirmation,
        rule: &Rule,
        certificate: Option<Verified>,
        request: &AuthRequest<'_>,
        now: Timestamp,
        context: &mut DecisionContext,
    ) -> Result<(), Denial> {
        let wanted = match confirmation {
            Confirmation::Certificate(wanted) => wanted,
            _ if rule.certificate_bound => {
                let reason =
                    "the rule says `certificate_bound`, and the token has no `cnf` with `x5t#S256`";
                return Err(Denial::new(Code::BindingMissing, reason));
            }
            _ => return Ok(()),
        };
        if self.certificate_blocks.is_empty() {
            let reason =
                "the token is bound to a certificate, and the policy has no `[[client_cert]]`";
            return Err(Denial::new(Code::BindingUnverifiable, reason));
        }
        let names_certificates =
            rule.access.named().iter().any(|one| matches!(one, CredentialRef::Cert(_)));
        let found = match certificate {
            None if !names_certificates => {
                self.certificate_of(&wanted, request, now, context).await?
            }
            named => named,
        };
        // A digest of something public: there is nothing to learn from the time that this takes.
        if found.is_some_and(|found| found.certificate.thumbprint == wanted) {
            context.check("binding", CheckResult::Passed, || {
                "`x5t#S256` is of the client's certificate".to_owned()
            });
            return Ok(());
        }
        let presented =
            if names_certificates { "by a source that the rule names" } else { "by any source" };
        let reason =
            format!("the token's `x5t#S256` is of no certificate that is presented {presented}");
        Err(Denial::new(Code::BindingMismatch, reason))
    }

    /// What its operator should know of the authorities that are not good at `now`: nobody passes
    /// by them.
    pub fn authority_notices(&self, now: Timestamp) -> Vec<String> {
        let of = |block: &CertificateProfile| {
            let notices = block.authorities.iter().flat_map(|authorities| authorities.notices(now));
            notices
                .map(|notice| format!("client_cert `{}`: {notice}", block.name))
                .collect::<Vec<_>>()
        };
        self.certificate_blocks.iter().flat_map(of).collect()
    }

    /// The block that a rule names.
    pub(super) fn certificate_block(&self, named: &CredentialRef) -> Option<&CertificateProfile> {
        match named {
            CredentialRef::Cert(index) => self.certificate_blocks.get(*index),
            _ => None,
        }
    }

    async fn certificate_by(
        &self,
        blocks: &[usize],
        request: &AuthRequest<'_>,
        now: Timestamp,
        context: &mut DecisionContext,
    ) -> Result<Option<Verified>, Denial> {
        let blocks: Vec<_> = blocks
            .iter()
            .filter_map(|index| Some((*index, self.certificate_blocks.get(*index)?)))
            .collect();
        let mut found = None;
        for (position, (_, block)) in blocks.iter().enumerate() {
            if blocks.iter().take(position).any(|(_, earlier)| earlier.origin() == block.origin()) {
                continue;
            }
            let presented = PresentedCertificate::by(block.origin(), request)
                .map_err(|denial| by(block.source, denial))?;
            if let Some(presented) = presented
                && found.replace((block.origin(), presented)).is_some()
            {
                let reason = "certificates are presented by two sources that the rule names";
                return Err(Denial::new(Code::CredentialMalformed, reason));
            }
        }
        let Some((origin, presented)) = found else { return Ok(None) };
        self.good_for_one(blocks, origin, &presented, now, context).await.map(Some)
    }

    /// The certificate with this thumbprint, by whatever source. Others do not matter here: a proxy
    /// that hands over its client's may have one of its own.
    async fn certificate_of(
        &self,
        wanted: &Thumbprint,
        request: &AuthRequest<'_>,
        now: Timestamp,
        context: &mut DecisionContext,
    ) -> Result<Option<Verified>, Denial> {
        let mut refused = None;
        for (index, block) in self.certificate_blocks.iter().enumerate() {
            let origin = block.origin();
            let earlier = self.certificate_blocks.iter().take(index);
            if earlier.into_iter().any(|earlier| earlier.origin() == origin) {
                continue;
            }
            let blocks: Vec<_> = self.certificate_blocks.iter().enumerate().collect();
            let Ok(Some(presented)) = PresentedCertificate::by(origin, request) else { continue };
            if presented.thumbprint() == Some(*wanted) {
                match self.good_for_one(blocks, origin, &presented, now, context).await {
                    Ok(verified) => return Ok(Some(verified)),
                    Err(denial) => refused = Some(denial),
                }
            }
        }
        refused.map_or(Ok(None), Err)
    }

    /// The first of the blocks of a source that finds the certificate good.
    async fn good_for_one(
        &self,
        blocks: Vec<(usize, &CertificateProfile)>,
        origin: CertificateOrigin<'_>,
        presented: &PresentedCertificate<'_>,
        now: Timestamp,
        context: &mut DecisionContext,
    ) -> Result<Verified, Denial> {
        let source = origin.source;
        let mut refused = Denial::new(Code::CertificateIssuerUntrusted, "no block has this source");
        for (index, block) in blocks.into_iter().filter(|(_, block)| block.origin() == origin) {
            match self.known_or_verified_certificate(index, block, presented, now) {
                Ok(certificate) => {
                    context.certificate(&certificate.thumbprint);
                    self.check_certificate_revocation(block, &certificate, now, context).await?;
                    context.check("certificate", CheckResult::Passed, || {
                        format!("by source `{source}`, good for block `{}`", block.name)
                    });
                    return Ok(Verified { named: CredentialRef::Cert(index), certificate });
                }
                // It may be for another block. What is told is the refusal that came furthest.
                Err(denial) if refused.code == Code::CertificateIssuerUntrusted => refused = denial,
                Err(_) => {}
            }
        }
        Err(by(source, refused))
    }

    /// Finds the certificate among those seen before, or verifies it. That it is good *now* is
    /// asked each time.
    fn known_or_verified_certificate(
        &self,
        index: usize,
        block: &CertificateProfile,
        presented: &PresentedCertificate<'_>,
        now: Timestamp,
    ) -> Result<Arc<KnownCertificate>, Denial> {
        let secrets = self.revocations.as_ref().map(|replica| &replica.secrets);
        let signatures = self.backend.certificate_signatures();
        let verify = || block.verify(presented, signatures, secrets, now).map(Arc::new);
        let certificates = presented.certificates();
        if certificates.is_empty() {
            return verify();
        }
        let mut digest = Sha256::new();
        for der in certificates {
            digest.update(der.len().to_be_bytes());
            digest.update(der);
        }
        let digest = (index, digest.finalize().into());
        match self.certificates.find(&digest) {
            Some(Ok(known)) if known.check(now).is_ok() => Ok(known),
            Some(Err(denial)) => Err(denial),
            // Where one path has expired another may have begun.
            _ => {
                let found = verify();
                self.certificates.insert(digest, &found);
                found
            }
        }
    }
}

/// Says of a refusal by which source the certificate came.
fn by(source: CertificateSource, mut denial: Denial) -> Denial {
    denial.reason = format!("source `{source}`: {}", denial.reason);
    denial
}
