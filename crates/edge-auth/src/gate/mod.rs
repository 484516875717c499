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
mod token;
mod token_claims;
mod token_refusal;
mod upgrade;
mod upstream;
mod verification;
mod verifiers;
mod wanted;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use edge_auth_token::Timestamp;

pub use build::key_blocks as build_key_blocks;
pub use outcome::{
    Check, CheckResult, Decision, DeferredTask, Explanation, Grant, Outcome, UpstreamRequest,
};
pub use rule_access::RuleAccess;
pub use secret_provider::SecretProvider;

use crate::api_key::ApiKeyProfile;
use crate::audit::AuditEvent;
use crate::certificate::CertificateSignatures;
use crate::client_location::ClientLocation;
use crate::credential::Wanted;
use crate::denial::Denial;
use crate::identity_headers::IdentityHeaders;
use crate::platform::{Platform, Randomness, Unavailable};
use crate::policy::{Access, Policy, PolicyErrors, Rule};
use crate::principal::Principal;
use crate::redact::{MAX_REASON, Redactor};
use crate::request::{AuthRequest, Headers, InboundRequest};
use crate::revocation::RevocationSecrets;
use crate::route::Route;
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
use wanted::{has_token_cookie, wanted};

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

/// The surface on which endpoints, the administration and API Gateway's authorizer are built.
impl<P: Platform> Gate<P> {
    /// The policy that this gate enforces.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The platform that it was built on.
    pub fn platform(&self) -> &P {
        &self.platform
    }

    pub(crate) fn identity_headers(&self) -> &IdentityHeaders {
        &self.identity
    }

    /// Returns the names, in lower case, of the fields in which certificates are looked for; one that
    /// ends with `-` is a prefix.
    pub(crate) fn certificate_fields(&self) -> Vec<String> {
        self.verifiers.certificates.fields()
    }

    pub(crate) fn trusted_proxies(&self) -> &TrustedProxies {
        &self.trusted_proxies
    }

    /// The redactor, which hides clients' credentials in logged texts.
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// The blocks of API keys, with their secrets.
    pub fn api_key_profiles(&self) -> &[ApiKeyProfile] {
        self.verifiers.api_keys.profiles()
    }

    /// The secrets of the revocation feed, if the policy has one.
    pub fn revocation_secrets(&self) -> Option<&RevocationSecrets> {
        self.revocations.secrets()
    }

    /// Returns the client's address: the peer's, or what a proxy says that the policy trusts.
    pub fn client_address(&self, peer: Option<IpAddr>, headers: Headers<'_>) -> Option<IpAddr> {
        self.trusted_proxies.client(peer, headers)
    }

    /// Returns the values of the identity headers by plain names (`principal`, `kind`, …), empty
    /// for missing ones and for a missing principal.
    pub fn identity_context(
        &self,
        principal: Option<&Principal>,
    ) -> BTreeMap<&'static str, String> {
        self.identity.context(principal)
    }

    /// Refuses a request whose fields imitate an identity header in another spelling.
    pub fn refuse_imitations(&self, headers: Headers<'_>) -> Result<(), Denial> {
        self.identity.refuse_imitations(headers)
    }

    /// Returns whether the peer is a proxy that the policy names, so that what it says about its
    /// own client may be passed on.
    pub fn trusts_proxy(&self, inbound: &InboundRequest<'_>) -> bool {
        self.trusted_proxies.admits_proxy(inbound.peer, inbound.headers)
    }

    /// Returns where the client is, as the platform says. The platform sees its own peer: where that
    /// is a proxy that the policy names, the place of the proxy's client is unknown.
    pub fn client_location(&self, inbound: &InboundRequest<'_>) -> ClientLocation {
        if self.trusts_proxy(inbound) { ClientLocation::default() } else { inbound.location }
    }

    /// Returns the rule that an outcome is about.
    pub fn rule_of(&self, outcome: &Outcome) -> Option<&Rule> {
        outcome.rule.and_then(|index| self.policy.rules.get(index))
    }

    /// Returns the host, path and methods of that rule.
    pub fn route_of(&self, outcome: &Outcome) -> Option<&Route> {
        outcome.rule.and_then(|index| self.policy.router.routes().get(index))
    }

    /// Returns the outcome of a request that is refused before a rule is looked for.
    pub fn refuse(&self, request: &AuthRequest<'_>, denial: Denial, now: Timestamp) -> Outcome {
        self.outcome(DecisionContext::default(), Err(denial), request, now)
    }

    /// Turns an outcome into a refusal.
    pub fn deny(&self, outcome: &mut Outcome, denial: Denial) {
        outcome.deny(denial, &self.policy, &self.redactor);
    }

    /// Changes the audit event of an outcome, which is then logged, whatever share of the allowed
    /// decisions is.
    pub fn annotate(&self, outcome: &mut Outcome, change: impl FnOnce(&mut AuditEvent)) {
        if let Some(audit) = outcome.audit_event(&self.policy, &self.redactor) {
            change(audit);
        }
    }

    /// Adds a notice for the operator to an outcome.
    pub fn notify(&self, outcome: &mut Outcome, notice: &str) {
        outcome.notify(notice, &self.redactor);
    }

    /// Returns the outcome for the holder of the bootstrap secret, for whom no rule is needed.
    pub fn admit_bootstrap(&self, request: &AuthRequest<'_>, now: Timestamp) -> Outcome {
        let mut context = DecisionContext::default();
        context.bootstrap();
        let grant = self.grant(None, UpstreamRequest::default());
        self.outcome(context, Ok(grant), request, now)
    }

    /// Matches a request without asking for a credential: for a CORS preflight.
    pub(crate) fn match_only(
        &self,
        request: &AuthRequest<'_>,
        now: Timestamp,
    ) -> Option<(&Rule, Outcome)> {
        let mut context = DecisionContext::default();
        let MatchedRule { rule, query } = match_rule(&self.policy, request, &mut context).ok()?;
        let wanted = wanted(&self.policy, &rule.access);
        let upstream = self.upstream_builder().build(
            rule,
            &wanted,
            false,
            request,
            context.normal_path(),
            query,
        );
        let grant = self.grant(None, upstream);
        Some((rule, self.outcome(context, Ok(grant), request, now)))
    }

    /// Returns whether the request has a cookie in which tokens of the rule's issuers are sent.
    pub fn has_token_cookie(&self, rule: &Rule, headers: Headers<'_>) -> bool {
        has_token_cookie(&self.policy, rule, headers)
    }

    /// Returns for each rule what it would say to the request's credentials; `decided` is the
    /// outcome of the request itself.
    ///
    /// # Errors
    /// An outage of the host.
    pub async fn rule_access(
        &self,
        request: &AuthRequest<'_>,
        decided: &Outcome,
        now: Timestamp,
    ) -> Result<Vec<RuleAccess>, Denial> {
        let Some(first) = self.policy.rules.first() else { return Ok(Vec::new()) };
        let wanted = wanted(&self.policy, &first.access);
        let verification = self.verification(first, &wanted, request, now);
        rule_access::rule_access(&self.verifiers, &verification, decided).await
    }

    /// Forgets the cached record of a key that was just written.
    pub fn forget_key(&self, id: &str) {
        self.verifiers.api_keys.records().forget(id);
    }

    /// Reads the revocations since the last read.
    pub async fn read_revocations(
        &self,
        now: Timestamp,
        notices: &mut Vec<String>,
    ) -> Result<(), Unavailable> {
        self.revocations.read(&self.platform, now, notices).await
    }
}
