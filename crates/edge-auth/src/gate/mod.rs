//! The gate: one request in, one outcome out. [`Gate::authorize`] reads top to bottom in the order
//! in which a request is decided.

mod admission;
mod api_key;
mod build;
mod certificate;
mod certificate_cache;
mod key_versions;
mod outcome;
mod revocation;
mod rule_access;
mod token;
mod upgrade;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use edge_auth_token::Timestamp;

use build::KeySets;
pub(crate) use build::key_blocks as build_key_blocks;
pub(crate) use rule_access::RuleAccess;

pub use build::SecretProvider;
pub use outcome::{Check, CheckResult, Decision, DeferredTask, Grant, Outcome, UpstreamRequest};

use crate::admin::BOOTSTRAP_PREFIX;
use crate::api_key::ApiKeyProfile;
use crate::aws::ResourcePlanner;
use crate::cache::Cache;
use crate::certificate::{CertificateProfile, CertificateSignatures, carries_certificate};
use crate::credential::{
    PresentedCredentials, Wanted, cookies_without, protocols_without, query_without,
};
use crate::denial::{Code, Denial};
use crate::endpoints::cors;
use crate::identity_headers::{IdentityHeaders, overrides_route};
use crate::issuer_keys::IssuerKeys;
use crate::platform::Platform;
use crate::policy::{Access, CredentialRef, Policy, Rule, TokenPlace};
use crate::principal::Principal;
use crate::redact::Redactor;
use crate::request::{AuthRequest, Headers};
use crate::revocation::Replica;
use crate::route::{
    Host, HostRefused, NormalPath, PathRefused, check_forwardable_verbatim, check_method,
};
use crate::trusted_proxies::TrustedProxies;
use api_key::KnownKey;
use certificate::Verified;
use certificate_cache::CertificateCache;
use key_versions::KeyVersions;
use outcome::DecisionContext;
use token::{KnownToken, TokenDigest};
use upgrade::{check_upgrade, wants_websocket};

/// A compiled policy with all that it needs to decide, on one host.
pub struct Gate<P: Platform> {
    pub(crate) policy: Policy,
    pub(crate) platform: P,
    backend: Box<dyn CertificateSignatures>,
    issuer_keys: Vec<IssuerKeys>,
    /// For each issuer, its key sets: by tenant, or one for all.
    key_sets: Vec<KeySets>,
    pub(crate) key_blocks: Vec<ApiKeyProfile>,
    certificate_blocks: Vec<CertificateProfile>,
    pub(crate) identity: IdentityHeaders,
    pub(crate) trust: TrustedProxies,
    /// Takes clients' credentials out of what is logged.
    pub(crate) redactor: Redactor,
    tokens: Cache<TokenDigest, Arc<KnownToken>>,
    keys: Cache<(usize, String), KnownKey>,
    /// The newest records that were seen.
    key_versions: Arc<KeyVersions>,
    /// How often keys were forgotten because they changed.
    keys_changed: AtomicU64,
    certificates: CertificateCache,
    resource_planner: OnceLock<ResourcePlanner>,
    /// What is known of the revocation feed; `None` where the policy has none.
    pub(crate) revocations: Option<Arc<Replica>>,
}

impl<P: Platform> Gate<P> {
    /// Decides about one request. Never fails: whatever cannot be decided is refused.
    pub async fn authorize(&self, request: &AuthRequest<'_>, now: Timestamp) -> Outcome {
        let mut context = DecisionContext::new(request);
        let decision = self.decide(request, now, &mut context).await;
        context.outcome(decision, &self.redactor, now)
    }

    /// Decides as [`Self::authorize`] does, and writes down every check on the way.
    pub async fn explain(&self, request: &AuthRequest<'_>, now: Timestamp) -> Outcome {
        let mut context = DecisionContext::new(request).explaining();
        let decision = self.decide(request, now, &mut context).await;
        context.outcome(decision, &self.redactor, now)
    }

    /// Does the work that an outcome left for after the answer. What an operator should know of it
    /// is returned.
    pub async fn run_deferred(&self, work: DeferredTask, now: Timestamp) -> Vec<String> {
        let mut notices = Vec::new();
        match work {
            DeferredTask::RefreshIssuerKeys(issuer) => {
                if let Some(keys) = self.issuer_keys.get(issuer) {
                    // A failure is among the notices, and the keys that there were stay.
                    let _ = keys
                        .refresh(self.platform.key_source(), &*self.backend, now, &mut notices)
                        .await;
                }
            }
            // A failure is among the notices, and what was known stays.
            DeferredTask::RefreshRevocations => {
                drop(self.read_revocations(now, &mut notices).await)
            }
            DeferredTask::RefreshApiKey { block, id } => {
                if let Err(denial) = self.read_key(block, &id, now).await {
                    notices.push(denial.reason);
                }
            }
        }
        notices
    }

    /// The policy that this gate enforces.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The outcome of a request that an endpoint refused before it could be read.
    pub(crate) fn refuse_unread(
        &self,
        request: &AuthRequest<'_>,
        denial: Denial,
        now: Timestamp,
    ) -> Outcome {
        DecisionContext::new(request).outcome(Err(denial), &self.redactor, now)
    }

    /// The outcome for the holder of the bootstrap secret, whom no rule is asked about.
    pub(crate) fn admit_bootstrap(&self, request: &AuthRequest<'_>, now: Timestamp) -> Outcome {
        let mut context = DecisionContext::new(request);
        context.bootstrap();
        let upstream = UpstreamRequest {
            target: String::new(),
            remove: Vec::new(),
            set: Vec::new(),
            respond: Vec::new(),
            upgrade: false,
            max_response_age: None,
        };
        context.outcome(Ok(Grant { principal: None, upstream }), &self.redactor, now)
    }

    /// Forgets what is in memory of a key that was just written.
    pub(crate) fn forget_key(&self, id: &str) {
        // First: whoever is reading such a key now takes what it read back out of memory.
        self.keys_changed.fetch_add(1, Ordering::SeqCst);
        for block in 0..self.key_blocks.len() {
            self.keys.remove(&(block, id.to_owned()));
        }
    }

    /// Forgets the records of all keys.
    fn forget_keys(&self) {
        self.keys_changed.fetch_add(1, Ordering::SeqCst);
        self.keys.clear();
    }

    /// Matches a request without asking for a credential: for a CORS preflight.
    pub(crate) fn match_only(
        &self,
        request: &AuthRequest<'_>,
        now: Timestamp,
    ) -> Option<(&Rule, Outcome)> {
        let mut context = DecisionContext::new(request);
        let (rule, path, query) = self.route(request, &mut context).ok()?;
        let grant = self.grant(rule, None, request, &path, query);
        Some((rule, context.outcome(Ok(grant), &self.redactor, now)))
    }

    /// The rule that an outcome is about.
    pub(crate) fn rule_of(&self, outcome: &Outcome) -> Option<&Rule> {
        outcome.rule.and_then(|index| self.policy.rules.get(index))
    }

    async fn decide(
        &self,
        request: &AuthRequest<'_>,
        now: Timestamp,
        context: &mut DecisionContext,
    ) -> Result<Grant, Denial> {
        let (rule, path, query) = self.route(request, context)?;
        check_upgrade(rule, request)?;
        admission::check_when(rule, request, context)?;
        let principal = match &rule.access {
            Access::Public => None,
            access => {
                let principal = self.verify(rule, access, request, now, context).await?;
                context.principal(&principal);
                admission::check_subject(rule, &principal, context)?;
                require_scopes(rule, &principal, context)?;
                Some(principal)
            }
        };
        Ok(self.grant(rule, principal, request, &path, query))
    }

    /// The rules as IAM's resources say them.
    pub(crate) fn resource_planner(&self) -> &ResourcePlanner {
        self.resource_planner.get_or_init(|| ResourcePlanner::new(self.policy.router.routes()))
    }

    /// The rule for a request: the first whose host, path and method match. No rule, no entry.
    fn route<'r>(
        &self,
        request: &AuthRequest<'r>,
        context: &mut DecisionContext,
    ) -> Result<(&Rule, NormalPath, Option<&'r str>), Denial> {
        check_method(request.method)
            .map_err(|refused| Denial::new(Code::RequestMalformed, refused.to_string()))?;
        let host = self::host(request)?;
        context.host(host.as_ref());
        let ambiguous =
            |refused: PathRefused| Denial::new(Code::PathAmbiguous, refused.to_string());
        let (path, query) = NormalPath::parse(request.target).map_err(ambiguous)?;
        context.path(&path);
        let index = self
            .policy
            .router
            .index_of(host.as_ref(), &path, request.method)
            .and_then(|index| Some((index, self.policy.rules.get(index)?)));
        if !request.path_rewritten {
            let route = index.and_then(|(index, _)| self.policy.router.routes().get(index));
            check_forwardable_verbatim(request.target, route.map(|route| &route.path))
                .map_err(ambiguous)?;
        }
        let (index, rule) = index
            .ok_or_else(|| Denial::new(Code::NoRule, "no rule matches host, path and method"))?;
        context.rule(index, rule);
        Ok((rule, path, query))
    }

    /// Verifies what is presented *and* named by the rule. One invalid credential closes the door,
    /// whatever else is there; the principal is the first in the rule's order.
    async fn verify(
        &self,
        rule: &Rule,
        access: &Access,
        request: &AuthRequest<'_>,
        now: Timestamp,
        context: &mut DecisionContext,
    ) -> Result<Principal, Denial> {
        let named = access.named();
        let wanted = self.wanted(access);
        let PresentedCredentials { tokens, api_key } =
            wanted
                .extract(request.headers, query_of(request.target), |text| self.is_api_key(text))?;

        let mut verified: Vec<(CredentialRef, Principal)> = Vec::with_capacity(2);
        let certificate = self.verify_certificate(named, request, now, context).await?;
        if let Some(Verified { named, certificate }) = &certificate {
            verified.push((*named, certificate.principal.clone()));
        }
        for token in tokens {
            admission::check_same_site(rule, request, token.place, wants_websocket(request))?;
            let (jwt, principal, binding) =
                self.verify_token(token, rule, named, now, context).await?;
            self.check_binding(binding, rule, certificate.clone(), request, now, context).await?;
            verified.push((jwt, principal));
        }
        if let Some(key) = api_key {
            verified.push(self.verify_key(key, named, request.client_ip, now, context).await?);
        }
        self.still_know_revocations(now, context)?;
        let mut found = named.iter().filter_map(|one| {
            let found = verified.iter().position(|(name, _)| name == one);
            context.named(one, found.is_some(), self);
            found
        });
        let first = found.next();
        let count = usize::from(first.is_some()) + found.count();
        match (access, first) {
            (Access::Any(_), Some(first)) => Ok(verified.swap_remove(first).1),
            (Access::All(_), Some(first)) if count == named.len() => {
                Ok(verified.swap_remove(first).1)
            }
            _ => {
                let mut reason = self.missing(access, &verified);
                if let Some(overlooked) = wanted.overlooked(request.headers) {
                    reason = format!("{reason}; {overlooked}");
                }
                Err(Denial::new(Code::CredentialMissing, reason))
            }
        }
    }

    /// Which credentials a rule names, and where they may be.
    fn wanted(&self, access: &Access) -> Wanted<'_> {
        let mut wanted = Wanted {
            places: Vec::new(),
            api_key: false,
            api_key_header: &self.policy.api_key_header,
        };
        for one in access.named() {
            match one {
                CredentialRef::Key(_) => wanted.api_key = true,
                CredentialRef::Cert(_) => {}
                CredentialRef::Jwt(index) => {
                    if let Some(issuer) = self.policy.issuers.get(*index)
                        && !wanted.places.contains(&&issuer.token_place)
                    {
                        wanted.places.push(&issuer.token_place);
                    }
                }
            }
        }
        wanted
    }

    /// Whether the request brings a cookie that tokens of the rule's issuers are in.
    pub(crate) fn is_by_cookie(&self, rule: &Rule, headers: Headers<'_>) -> bool {
        let wanted = self.wanted(&rule.access);
        let cookies = wanted.places.iter().filter_map(|place| match place {
            TokenPlace::Cookie(name) => Some(name.as_str()),
            TokenPlace::Bearer
            | TokenPlace::Raw
            | TokenPlace::Header(_)
            | TokenPlace::WebSocketProtocol
            | TokenPlace::Query(_) => None,
        });
        cookies_without(headers, &cookies.collect::<Vec<_>>()).is_some()
    }

    fn is_api_key(&self, text: &str) -> bool {
        self.key_blocks.iter().any(|block| block.recognises(text))
    }

    fn missing(&self, access: &Access, verified: &[(CredentialRef, Principal)]) -> String {
        let absent =
            access.named().iter().filter(|one| verified.iter().all(|(name, _)| name != *one));
        let names: Vec<String> = absent.map(|one| self.policy.name_of(one)).collect();
        match access {
            Access::All(_) => format!("not presented: {}", names.join(", ")),
            _ => format!("none of these is presented: {}", names.join(", ")),
        }
    }

    fn grant(
        &self,
        rule: &Rule,
        principal: Option<Principal>,
        request: &AuthRequest<'_>,
        path: &NormalPath,
        query: Option<&str>,
    ) -> Grant {
        let wanted = self.wanted(&rule.access);
        let verified = |name: &str, value: &[u8]| {
            principal.is_some() && wanted.is_in(name, value, |text| self.is_api_key(text))
        };
        let ours = |name: &str, value: &[u8]| {
            let place = name.eq_ignore_ascii_case("authorization")
                || name.eq_ignore_ascii_case(&self.policy.api_key_header);
            place && self.is_ours(value)
        };
        let removed = |name: &str, value: &[u8]| {
            self.identity.is_reserved(name)
                || overrides_route(name)
                || (self.takes_for_certificate(name)
                    && !self.forwards_certificate(rule, request, name))
                || name.eq_ignore_ascii_case(self.trust.secret_header())
                || (!rule.forward_credential && (verified(name, value) || ours(name, value)))
        };
        let strips = principal.is_some() && !rule.forward_credential;
        let (rewritten, query) = match strips {
            true => without_tokens(&wanted.places, request.headers, query),
            false => (Vec::new(), query.map(str::to_owned)),
        };
        let target = match query {
            Some(query) => [&path.forwarded(), "?", &query].concat(),
            None => path.forwarded().into_owned(),
        };
        let is_rewritten = |name: &str| {
            rewritten.iter().any(|(rewritten, _)| name.eq_ignore_ascii_case(rewritten))
        };
        let upstream = UpstreamRequest {
            target,
            remove: (request.headers.0.iter())
                .filter(|(name, value)| removed(name, value) || is_rewritten(name))
                .map(|(name, _)| name.to_ascii_lowercase())
                .collect(),
            set: (principal
                .as_ref()
                .map(|principal| self.identity.of(principal))
                .unwrap_or_default())
            .into_iter()
            .chain(rewritten.iter().filter(|(_, value)| !value.is_empty()).cloned())
            .collect(),
            respond: cors::response_fields(Some(rule), request.headers),
            upgrade: rule.upgrade,
            max_response_age: rule.max_response_age,
        };
        Grant { principal, upstream }
    }

    /// Whether a field has a certificate, by its usual name or by one of the policy's.
    fn takes_for_certificate(&self, name: &str) -> bool {
        let chosen =
            |block: &CertificateProfile| block.header.is_some() && block.origin().has_field(name);
        carries_certificate(name) || self.certificate_blocks.iter().any(chosen)
    }

    /// Whether a field with a certificate goes on: it came from a trusted proxy, for a rule that
    /// names its source and forwards credentials.
    fn forwards_certificate(&self, rule: &Rule, request: &AuthRequest<'_>, name: &str) -> bool {
        let named = rule.access.named().iter().filter_map(|one| self.certificate_block(one));
        request.proxy_trusted
            && rule.forward_credential
            && named.into_iter().any(|block| block.origin().has_field(name))
    }

    /// Whether a field's value is a key of ours or the bootstrap secret: even where nobody is asked
    /// for it, it is for the gate only.
    fn is_ours(&self, value: &[u8]) -> bool {
        let Ok(text) = std::str::from_utf8(value) else { return false };
        let text = text.trim_ascii().rsplit(' ').next().unwrap_or_default();
        text.starts_with(BOOTSTRAP_PREFIX)
            || self.key_blocks.iter().any(|block| block.recognises(text))
    }
}

/// The query of a request's target, as it was sent.
fn query_of(target: &str) -> Option<&str> {
    target.split_once('?').map(|(_, query)| query)
}

/// What is left of the fields and the query that tokens were in beside other things: the fields'
/// values, empty if nothing is, and the query.
fn without_tokens(
    places: &[&TokenPlace],
    headers: Headers<'_>,
    query: Option<&str>,
) -> (Vec<(String, String)>, Option<String>) {
    let (mut cookies, mut parameters, mut fields) = (Vec::new(), Vec::new(), Vec::new());
    for place in places {
        match place {
            TokenPlace::Cookie(name) => cookies.push(name.as_str()),
            TokenPlace::Query(name) => parameters.push(name.as_str()),
            TokenPlace::WebSocketProtocol => {
                fields.extend(
                    protocols_without(headers)
                        .map(|rest| ("sec-websocket-protocol".to_owned(), rest)),
                );
            }
            TokenPlace::Bearer | TokenPlace::Raw | TokenPlace::Header(_) => {}
        }
    }
    fields.extend(cookies_without(headers, &cookies).map(|rest| ("cookie".to_owned(), rest)));
    let query = match (query, parameters.is_empty()) {
        (Some(query), false) => {
            Some(query_without(query, &parameters)).filter(|rest| !rest.is_empty())
        }
        (query, _) => query.map(str::to_owned),
    };
    (fields, query)
}

fn require_scopes(
    rule: &Rule,
    principal: &Principal,
    context: &mut DecisionContext,
) -> Result<(), Denial> {
    if rule.scopes.is_empty() {
        return Ok(());
    }
    let met = rule.scopes.met_by(&principal.scopes);
    let reason = || {
        format!("wanted \"{}\", granted \"{}\"", rule.scopes.wanted(), principal.scopes.joined())
    };
    context.check("scopes", if met { CheckResult::Passed } else { CheckResult::Failed }, reason);
    if met { Ok(()) } else { Err(Denial::new(Code::ScopeInsufficient, reason())) }
}

/// The one host that a request is for. `Host` and `:authority` may both be there, but not differ;
/// two `Host` fields are none (RFC 9112, section 3.2).
fn host(request: &AuthRequest<'_>) -> Result<Option<Host>, Denial> {
    if request.headers.single("host").is_err() {
        return Err(Denial::new(Code::RequestMalformed, "there are several `Host` fields"));
    }
    let parse = |raw: Option<&str>| raw.map(Host::parse).transpose();
    let malformed = |error: HostRefused| Denial::new(Code::RequestMalformed, error.to_string());
    let host = parse(request.host).map_err(malformed)?;
    let authority = parse(request.authority).map_err(malformed)?;
    if let (Some(host), Some(authority)) = (&host, &authority)
        && !host.agrees_with(authority, None)
    {
        return Err(Denial::new(
            Code::HostMismatch,
            format!("Host is {host}, :authority {authority}"),
        ));
    }
    Ok(authority.or(host))
}
