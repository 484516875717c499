//! The gate: one request in, one outcome out. [`Gate::authorize`] reads top to bottom in the order
//! in which a request is decided.

mod admission;
mod api_key;
mod audit_facts;
mod build;
mod certificate;
mod certificate_cache;
mod context;
mod key_record_cache;
mod key_versions;
mod matching;
mod outcome;
mod revocation;
mod rule_access;
mod sampler;
mod secret_provider;
mod surface;
mod token;
mod token_claims;
mod token_refusal;
mod upgrade;
mod upstream;
mod verification;
mod verifiers;
mod wanted;

use std::sync::Arc;

use edge_auth_token::Timestamp;

pub use build::key_blocks as build_key_blocks;
pub use outcome::{
    Check, CheckResult, Decision, DeferredTask, Explanation, Grant, Outcome, UpstreamRequest,
};
pub use rule_access::RuleAccess;
pub use secret_provider::SecretProvider;

use crate::certificate::CertificateSignatures;
use crate::credential::Wanted;
use crate::denial::Denial;
use crate::identity_headers::IdentityHeaders;
use crate::platform::{Platform, Randomness};
use crate::policy::{Access, Policy, PolicyErrors, Rule};
use crate::principal::Principal;
use crate::redact::{MAX_REASON, Redactor};
use crate::request::AuthRequest;
use crate::trusted_proxies::TrustedProxies;
use admission::{check_principal, check_when};
use build::GateParts;
use context::{DecisionContext, Logging};
use matching::{MatchedRule, match_rule};
use revocation::RevocationChecker;
use sampler::Sampler;
use upgrade::check_upgrade;
use upstream::UpstreamBuilder;
use verification::Verification;
use verifiers::Verifiers;
use wanted::wanted;

/// A compiled policy with everything that it needs to decide, on one host.
pub struct Gate<P: Platform> {
    policy: Policy,
    platform: P,
    backend: Box<dyn CertificateSignatures>,
    verifiers: Verifiers,
    revocations: RevocationChecker,
    identity: IdentityHeaders,
    trusted_proxies: TrustedProxies,
    redactor: Redactor,
    sampler: Sampler,
}

/// Deciding.
impl<P: Platform> Gate<P> {
    /// Decides about one request. A request that cannot be decided is refused.
    pub async fn authorize(&self, request: &AuthRequest<'_>, now: Timestamp) -> Outcome {
        let mut context = DecisionContext::default();
        let decision = self.decide(request, true, now, &mut context).await;
        self.outcome(context, decision, request, now)
    }

    /// Decides as [`Self::authorize`] does about a request that a proxy forwards itself: the grant has
    /// nothing for an upstream.
    pub(crate) async fn authorize_for_proxy(
        &self,
        request: &AuthRequest<'_>,
        now: Timestamp,
    ) -> Outcome {
        let mut context = DecisionContext::default();
        let decision = self.decide(request, false, now, &mut context).await;
        self.outcome(context, decision, request, now)
    }

    /// Decides as [`Self::authorize`] does, and records every check on the way.
    pub async fn explain(&self, request: &AuthRequest<'_>, now: Timestamp) -> Explanation {
        let mut context = DecisionContext::explaining();
        let decision = self.decide(request, true, now, &mut context).await;
        context.explanation(decision, request, self.logging(), now)
    }

    async fn decide(
        &self,
        request: &AuthRequest<'_>,
        forwards: bool,
        now: Timestamp,
        context: &mut DecisionContext,
    ) -> Result<Grant, Denial> {
        let MatchedRule { rule, query } = match_rule(&self.policy, request, context)?;
        check_upgrade(rule, request)?;
        check_when(rule, request, context)?;
        let wanted = wanted(&self.policy, &rule.access);
        let principal = match &rule.access {
            Access::Public => None,
            Access::Any(_) | Access::All(_) => {
                let verification = self.verification(rule, &wanted, request, now);
                let principal = self.verifiers.verify(&verification, context).await?;
                context.principal(&principal);
                check_principal(rule, &principal, context)?;
                Some(principal)
            }
        };
        let upstream = match forwards {
            true => self.upstream_builder().build(
                rule,
                &wanted,
                principal.is_some(),
                request,
                context.normal_path(),
                query,
            ),
            false => UpstreamRequest::default(),
        };
        Ok(self.grant(principal, upstream))
    }

    fn outcome(
        &self,
        context: DecisionContext,
        decision: Result<Grant, Denial>,
        request: &AuthRequest<'_>,
        now: Timestamp,
    ) -> Outcome {
        context.outcome(decision, request, self.logging(), now)
    }

    fn logging(&self) -> Logging<'_> {
        let Self { policy, redactor, sampler, .. } = self;
        Logging { policy, redactor, sampler }
    }

    fn grant(&self, principal: Option<Arc<Principal>>, upstream: UpstreamRequest) -> Grant {
        Grant { principal, upstream, identity: self.identity.clone() }
    }

    fn verification<'v>(
        &'v self,
        rule: &'v Rule,
        wanted: &'v Wanted<'v>,
        request: &'v AuthRequest<'v>,
        now: Timestamp,
    ) -> Verification<'v, P> {
        Verification {
            policy: &self.policy,
            platform: &self.platform,
            backend: &*self.backend,
            revocations: &self.revocations,
            rule,
            wanted,
            request,
            now,
        }
    }

    fn upstream_builder(&self) -> UpstreamBuilder<'_> {
        UpstreamBuilder {
            policy: &self.policy,
            verifiers: &self.verifiers,
            identity: &self.identity,
            trusted_proxies: &self.trusted_proxies,
        }
    }
}

/// Building, replacing, and work beside the answers.
impl<P: Platform> Gate<P> {
    /// Builds a gate. The strings are notices for the operator: keys of a file that are not used,
    /// say.
    ///
    /// # Errors
    /// Every mistake of the policy that only this host can find: a secret or a file that is
    /// missing or wrong.
    pub fn new(
        policy: Policy,
        secret_provider: &dyn SecretProvider,
        backend: Box<dyn CertificateSignatures>,
        platform: P,
        randomness: &dyn Randomness,
    ) -> Result<(Self, Vec<String>), PolicyErrors> {
        let GateParts { verifiers, revocations, trusted_proxies, seed, notices } =
            GateParts::build(&policy, secret_provider, &*backend, randomness)?;
        let gate = Self {
            identity: IdentityHeaders::new(&policy.identity_prefix),
            redactor: Redactor::new(verifiers.api_keys.profiles()),
            sampler: Sampler::new(policy.allowed_decisions_logged(), seed),
            policy,
            platform,
            backend,
            verifiers,
            revocations,
            trusted_proxies,
        };
        Ok((gate, notices))
    }

    /// Takes over the key sets that another gate has fetched, for each issuer whose block is the
    /// same there: a new policy must not depend on every issuer being reachable at that moment.
    pub fn take_issuer_keys_from(&self, other: &Self) {
        self.verifiers.tokens.take_over(&other.verifiers.tokens);
    }

    /// Takes over what another gate knows about revocations, if the policies say the same about the
    /// feed, and about the versions of API keys.
    pub fn take_revocations_from(&mut self, other: &Self) {
        self.verifiers.api_keys.take_over(&other.verifiers.api_keys);
        self.revocations.take_over(&other.revocations);
    }

    /// Does the work that an outcome left for after the answer. Returns notices for the operator,
    /// failures among them; what was known before stays.
    pub async fn run_deferred(&self, work: DeferredTask, now: Timestamp) -> Vec<String> {
        let mut notices = Vec::new();
        match work {
            DeferredTask::RefreshIssuerKeys(key_set) => {
                let (tokens, backend) = (&self.verifiers.tokens, &*self.backend);
                tokens.refresh(key_set, &self.platform, backend, now, &mut notices).await;
            }
            DeferredTask::RefreshRevocations => {
                let _ = self.read_revocations(now, &mut notices).await;
            }
            DeferredTask::RefreshApiKey { block, id } => {
                let (api_keys, revocations) = (&self.verifiers.api_keys, &self.revocations);
                let read = api_keys.refresh(block, &id, &self.platform, revocations, now).await;
                if let Err(denial) = read {
                    notices.push(denial.reason);
                }
            }
        }
        notices.iter().map(|notice| self.redactor.hide(notice, MAX_REASON)).collect()
    }

    /// Returns what the operator should know about authorities of client certificates that are not
    /// valid at `now`: no certificate of theirs passes.
    pub fn authority_notices(&self, now: Timestamp) -> Vec<String> {
        self.verifiers.certificates.authority_notices(now)
    }
}
