//! Verifies client certificates, and that a token is bound to the client's certificate.

use std::sync::Arc;

use edge_auth_token::{Confirmation, Timestamp};
use sha2::{Digest, Sha256};

use super::certificate_cache::CertificateCache;
use super::context::DecisionContext;
use super::outcome::CheckResult;
use super::verification::Verification;
use crate::cache::Seed;
use crate::certificate::{
    CertificateOrigin, CertificateProfile, CertificateSource, KnownCertificate,
    PresentedCertificate, Thumbprint, carries_certificate,
};
use crate::denial::{Code, Denial};
use crate::platform::Platform;
use crate::policy::{CredentialRef, Rule};
use crate::request::AuthRequest;

/// How many verified certificates are kept in memory.
const CACHED: usize = 10_000;

/// The policy's `[[client_cert]]` blocks, and the certificates that were verified lately.
pub(super) struct CertificateVerifier {
    profiles: Vec<CertificateProfile>,
    cache: CertificateCache,
}

/// A certificate, and the block for which it is good.
#[derive(Clone)]
pub(super) struct GoodCertificate {
    pub named: CredentialRef,
    pub certificate: Arc<KnownCertificate>,
}

/// A profile and its index.
type IndexedProfile<'p> = (usize, &'p CertificateProfile);

impl CertificateVerifier {
    pub(super) fn new(profiles: Vec<CertificateProfile>, seed: Seed) -> Self {
        Self { profiles, cache: CertificateCache::new(CACHED, seed) }
    }

    /// Returns what the operator should know about authorities that are not valid at `now`: no
    /// certificate of theirs passes.
    pub(super) fn authority_notices(&self, now: Timestamp) -> Vec<String> {
        let mut notices = Vec::new();
        for profile in &self.profiles {
            for notice in profile.authorities.iter().flat_map(|all| all.notices(now)) {
                notices.push(format!("client_cert `{}`: {notice}", profile.name));
            }
        }
        notices
    }

    /// Returns whether a field carries certificates, by its usual name or by one that the policy
    /// chose.
    pub(super) fn is_certificate_field(&self, name: &str) -> bool {
        let is_chosen = |profile: &CertificateProfile| {
            profile.header.is_some() && profile.origin().has_field(name)
        };
        carries_certificate(name) || self.profiles.iter().any(is_chosen)
    }

    /// Returns the names, in lower case, of the fields in which certificates are looked for; one that
    /// ends with `-` is a prefix.
    pub(super) fn fields(&self) -> Vec<String> {
        let fields = self.profiles.iter().flat_map(|profile| profile.origin().fields());
        fields.map(str::to_owned).collect()
    }

    /// Returns whether a field with a certificate goes upstream: it came from a trusted proxy, for
    /// a rule that names its source and forwards credentials.
    pub(super) fn is_forwarded(&self, rule: &Rule, request: &AuthRequest<'_>, name: &str) -> bool {
        request.proxy_trusted
            && rule.forward_credential
            && self.named_by(rule).iter().any(|(_, profile)| profile.origin().has_field(name))
    }

    /// Verifies the certificate that is presented by a source that the rule names.
    pub(super) async fn verify<P: Platform>(
        &self,
        verification: &Verification<'_, P>,
        context: &mut DecisionContext,
    ) -> Result<Option<GoodCertificate>, Denial> {
        let profiles = self.named_by(verification.rule);
        let mut found = None;
        for (position, (_, profile)) in profiles.iter().enumerate() {
            let origin = profile.origin();
            if profiles.iter().take(position).any(|(_, earlier)| earlier.origin() == origin) {
                continue;
            }
            let presented = PresentedCertificate::by(origin, verification.request)
                .map_err(|denial| by(profile.source, denial))?;
            if let Some(presented) = presented
                && found.replace((origin, presented)).is_some()
            {
                let reason = "certificates are presented by two sources that the rule names";
                return Err(Denial::new(Code::CredentialMalformed, reason));
            }
        }
        let Some((origin, presented)) = found else { return Ok(None) };
        // Boxed: the future of a request without a certificate has no room for it.
        let good = self.good_for_one(&profiles, origin, &presented, verification, context);
        Ok(Some(Box::pin(good).await?))
    }

    /// Checks that a token is used by the client to which it was issued (RFC 8705, section 3), and
    /// that it is bound at all where the rule requires that. For a rule that names no certificate
    /// the certificate may come by the source of any block.
    pub(super) async fn check_binding<P: Platform>(
        &self,
        confirmation: Confirmation,
        certificate: Option<GoodCertificate>,
        verification: &Verification<'_, P>,
        context: &mut DecisionContext,
    ) -> Result<(), Denial> {
        let rule = verification.rule;
        let wanted = match confirmation {
            Confirmation::Certificate(wanted) => wanted,
            Confirmation::Bearer | Confirmation::Unverifiable if rule.certificate_bound => {
                let reason =
                    "the rule says `certificate_bound`, and the token has no `cnf` with `x5t#S256`";
                return Err(Denial::new(Code::BindingMissing, reason));
            }
            Confirmation::Bearer | Confirmation::Unverifiable => return Ok(()),
        };
        if self.profiles.is_empty() {
            let reason =
                "the token is bound to a certificate, and the policy has no `[[client_cert]]`";
            return Err(Denial::new(Code::BindingUnverifiable, reason));
        }
        let names_certificates =
            rule.access.named().iter().any(|one| matches!(one, CredentialRef::Cert(_)));
        let found = match certificate {
            None if !names_certificates => {
                Box::pin(self.with_thumbprint(&wanted, verification, context)).await?
            }
            certificate => certificate,
        };
        // A thumbprint is public, so this comparison need not take constant time.
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

    fn named_by(&self, rule: &Rule) -> Vec<IndexedProfile<'_>> {
        let mut profiles = Vec::new();
        for named in rule.access.named() {
            match named {
                CredentialRef::Cert(index) => {
                    profiles.extend(self.profiles.get(*index).map(|profile| (*index, profile)));
                }
                CredentialRef::Jwt(_) | CredentialRef::Key(_) => {}
            }
        }
        profiles
    }

    /// Verifies the certificate with this thumbprint, by whichever source it came. Ignores other
    /// certificates: a proxy that hands over its client's may present one too.
    async fn with_thumbprint<P: Platform>(
        &self,
        wanted: &Thumbprint,
        verification: &Verification<'_, P>,
        context: &mut DecisionContext,
    ) -> Result<Option<GoodCertificate>, Denial> {
        let profiles: Vec<_> = self.profiles.iter().enumerate().collect();
        let mut refused = None;
        for (index, profile) in &profiles {
            let origin = profile.origin();
            if self.profiles.iter().take(*index).any(|earlier| earlier.origin() == origin) {
                continue;
            }
            let Ok(Some(presented)) = PresentedCertificate::by(origin, verification.request) else {
                continue;
            };
            if presented.thumbprint() != Some(*wanted) {
                continue;
            }
            match self.good_for_one(&profiles, origin, &presented, verification, context).await {
                Ok(good) => return Ok(Some(good)),
                Err(denial) => refused = Some(denial),
            }
        }
        match refused {
            Some(denial) => Err(denial),
            None => Ok(None),
        }
    }

    /// Finds the first block of a source for which the certificate is good.
    async fn good_for_one<P: Platform>(
        &self,
        profiles: &[IndexedProfile<'_>],
        origin: CertificateOrigin<'_>,
        presented: &PresentedCertificate<'_>,
        verification: &Verification<'_, P>,
        context: &mut DecisionContext,
    ) -> Result<GoodCertificate, Denial> {
        let Verification { platform, revocations, now, .. } = *verification;
        let source = origin.source;
        let mut refused = Denial::new(Code::CertificateIssuerUntrusted, "no block has this source");
        for (index, profile) in profiles {
            if profile.origin() != origin {
                continue;
            }
            match self.find_or_verify(*index, profile, presented, verification) {
                Ok(certificate) => {
                    context.certificate(&certificate.thumbprint);
                    revocations
                        .check_certificate(profile, &certificate, platform, now, context)
                        .await?;
                    context.check("certificate", CheckResult::Passed, || {
                        format!("by source `{source}`, good for block `{}`", profile.name)
                    });
                    return Ok(GoodCertificate { named: CredentialRef::Cert(*index), certificate });
                }
                // It may be for another block. Reported is the refusal that came furthest.
                Err(denial) if refused.code == Code::CertificateIssuerUntrusted => refused = denial,
                Err(_) => {}
            }
        }
        Err(by(source, refused))
    }

    /// Finds the certificate among those that were verified before, or verifies it. Its validity
    /// at `now` is checked each time.
    fn find_or_verify<P: Platform>(
        &self,
        index: usize,
        profile: &CertificateProfile,
        presented: &PresentedCertificate<'_>,
        verification: &Verification<'_, P>,
    ) -> Result<Arc<KnownCertificate>, Denial> {
        let Verification { backend, revocations, now, .. } = *verification;
        let (signatures, secrets) = (backend.certificate_signatures(), revocations.secrets());
        let certificates = presented.certificates();
        if certificates.is_empty() {
            return profile.verify(presented, signatures, secrets, now).map(Arc::new);
        }
        let mut digest = Sha256::new();
        for der in certificates {
            digest.update(der.len().to_be_bytes());
            digest.update(der);
        }
        let digest = (index, digest.finalize().into());
        match self.cache.find(&digest) {
            Some(Ok(known)) if known.check(now).is_ok() => Ok(known),
            Some(Err(denial)) => Err(denial),
            // Where one path has expired, another may be valid by now.
            Some(Ok(_)) | None => {
                let verified = profile.verify(presented, signatures, secrets, now).map(Arc::new);
                self.cache.insert(digest, &verified);
                verified
            }
        }
    }
}

/// Adds to a refusal by which source the certificate came.
fn by(source: CertificateSource, mut denial: Denial) -> Denial {
    denial.reason = format!("source `{source}`: {}", denial.reason);
    denial
}
