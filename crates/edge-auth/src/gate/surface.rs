//! The surface of a gate on which endpoints, the control plane and API Gateway's authorizer are
//! built.

use std::collections::BTreeMap;
use std::net::IpAddr;

use edge_auth_token::Timestamp;

use super::Gate;
use super::context::DecisionContext;
use super::matching::{MatchedRule, match_rule};
use super::outcome::{Outcome, UpstreamRequest};
use super::rule_access::{self, RuleAccess};
use super::wanted::{has_token_cookie, wanted};
use crate::api_key::ApiKeyProfile;
use crate::audit::AuditEvent;
use crate::client_location::ClientLocation;
use crate::denial::Denial;
use crate::identity_headers::IdentityHeaders;
use crate::platform::{Platform, Unavailable};
use crate::policy::{Policy, Rule};
use crate::principal::Principal;
use crate::redact::Redactor;
use crate::request::{AuthRequest, Headers, InboundRequest};
use crate::revocation::RevocationSecrets;
use crate::route::Route;
use crate::trusted_proxies::TrustedProxies;

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
