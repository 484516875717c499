//! Verifying a client certificate, and a token's binding to it.

use std::sync::Arc;

use edge_auth_token::{Confirmation, Timestamp};
use sha2::{Digest, Sha256};

use super::Gate;
use super::outcome::{CheckResult, Trail};
use crate::certificate::{CertificateBlock, KnownCertificate, Presented};
use crate::denial::{Code, Denial};
use crate::platform::Platform;
use crate::policy::{Named, Rule};
use crate::request::AuthRequest;

/// A certificate, and the block by which it was found good.
pub(super) struct Verified {
    pub named: Named,
    pub certificate: Arc<KnownCertificate>,
}

impl<P: Platform> Gate<P> {
    /// Verifies the certificate that is presented by a source of the blocks that the rule names.
    pub(super) async fn verify_certificate(
        &self,
        named: &[Named],
        request: &AuthRequest<'_>,
        now: Timestamp,
        trail: &mut Trail,
    ) -> Result<Option<Verified>, Denial> {
        let blocks = named.iter().filter_map(|one| match one {
            Named::Cert(index) => Some(*index),
            _ => None,
        });
        self.certificate_by(&blocks.collect::<Vec<_>>(), request, now, trail).await
    }

    /// Checks that a token is used by whom it was issued to (RFC 8705, section 3), and that it is
    /// bound at all where the rule asks for that. Without a certificate that the rule names, those
    /// of all blocks are sought.
    pub(super) async fn check_binding(
        &self,
        confirmation: Confirmation,
        rule: &Rule,
        certificate: Option<Verified>,
        request: &AuthRequest<'_>,
        now: Timestamp,
        trail: &mut Trail,
    ) -> Result<(), Denial> {
        let wanted = match confirmation {
            Confirmation::Certificate(wanted) => wanted,
            _ if rule.certificate_bound => {
                let reason = "the rule says `certificate_bound`, and the token has no `cnf` with `x5t#S256`";
                return Err(Denial::new(Code::BindingMissing, reason));
            }
            _ => return Ok(()),
        };
        if self.certificate_blocks.is_empty() {
            let reason = "the token is bound to a certificate, and the policy has no `[[client_cert]]`";
            return Err(Denial::new(Code::BindingUnverifiable, reason));
        }
        let all: Vec<usize> = (0..self.certificate_blocks.len()).collect();
        let found = match certificate {
            Some(verified) => Some(verified),
            None => self.certificate_by(&all, request, now, trail).await?,
        };
        let mismatch = |reason: &str| Err(Denial::new(Code::BindingMismatch, reason));
        match found {
            None => mismatch("the token is bound to a certificate, and the client presents none"),
            // A digest of something public: there is nothing to learn from the time that this takes.
            Some(found) if found.certificate.thumbprint != wanted => {
                mismatch("the token's `x5t#S256` is of another certificate than the client's")
            }
            Some(_) => {
                trail.check("binding", CheckResult::Passed, || {
                    "`x5t#S256` is of the client's certificate".to_owned()
                });
                Ok(())
            }
        }
    }

    /// The block that a rule names.
    pub(super) fn certificate_block(&self, named: &Named) -> Option<&CertificateBlock> {
        match named {
            Named::Cert(index) => self.certificate_blocks.get(*index),
            _ => None,
        }
    }

    async fn certificate_by(
        &self,
        blocks: &[usize],
        request: &AuthRequest<'_>,
        now: Timestamp,
        trail: &mut Trail,
    ) -> Result<Option<Verified>, Denial> {
        let blocks: Vec<_> =
            blocks.iter().filter_map(|index| Some((*index, self.certificate_blocks.get(*index)?))).collect();
        let mut found = None;
        for (position, (_, block)) in blocks.iter().enumerate() {
            if blocks.iter().take(position).any(|(_, earlier)| earlier.source == block.source) {
                continue;
            }
            if let Some(presented) = Presented::by(block.source, request)?
                && found.replace((block.source, presented)).is_some()
            {
                let reason = "certificates are presented by two sources that the rule names";
                return Err(Denial::new(Code::CredentialMalformed, reason));
            }
        }
        let Some((source, presented)) = found else { return Ok(None) };
        let mut refused = Denial::new(Code::CertificateIssuerUntrusted, "no block has this source");
        for (index, block) in blocks.into_iter().filter(|(_, block)| block.source == source) {
            match self.known_or_verified_certificate(index, block, &presented, now) {
                Ok(certificate) => {
                    trail.certificate(&certificate.thumbprint);
                    self.check_certificate_revocation(block, &certificate, now, trail).await?;
                    trail.check("certificate", CheckResult::Passed, || {
                        format!("by source `{source}`, good for block `{}`", block.name)
                    });
                    return Ok(Some(Verified { named: Named::Cert(index), certificate }));
                }
                // It may be for another block. What is told is the refusal that came furthest.
                Err(denial) if refused.code == Code::CertificateIssuerUntrusted => refused = denial,
                Err(_) => {}
            }
        }
        refused.reason = format!("source `{source}`: {}", refused.reason);
        Err(refused)
    }

    /// Finds the certificate among those seen before, or verifies it. That it is good *now* is asked
    /// each time.
    fn known_or_verified_certificate(
        &self,
        index: usize,
        block: &CertificateBlock,
        presented: &Presented<'_>,
        now: Timestamp,
    ) -> Result<Arc<KnownCertificate>, Denial> {
        let secrets = self.revocations.as_ref().map(|watch| &watch.secrets);
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
