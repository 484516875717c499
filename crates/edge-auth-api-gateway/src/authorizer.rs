//! The gate as an authorizer of API Gateway and AppSync: from what an event says about a call to
//! the answer.
//!
//! API Gateway caches an answer and uses it for the caller's next calls, on other routes. An IAM
//! policy therefore lists everything that these credentials may reach, by asking every rule; where
//! IAM's resources cannot express that, it lists only this call. It never allows more than the
//! rules do.

use std::sync::Arc;

use edge_auth_token::Timestamp;

use super::api_type::ApiType;
use super::arn::MethodArn;
use super::call::Call;
use super::document::PolicyDocument;
use super::resource_planner::ResourcePlanner;
use super::response::{
    self, AuthorizerError, AuthorizerResponse, Context, GraphQlResponse, MAX_RESPONSE_BYTES,
    PolicyResponse, SimpleResponse,
};
use edge_auth::AuthRequest;
use edge_auth::Principal;
use edge_auth::endpoints::InboundRequest;
use edge_auth::platform::Platform;
use edge_auth::policy::HttpApiResponse;
use edge_auth::route::is_safe;
use edge_auth::{Code, Denial};
use edge_auth::{Decision, Gate, Outcome, RuleAccess};

/// The answer to an event, and the outcome to settle.
pub type AuthorizerResult = (Result<AuthorizerResponse, AuthorizerError>, Outcome);

/// Answers the events of authorizers.
pub struct ApiGatewayAuthorizer<P: Platform> {
    gate: Arc<Gate<P>>,
    planner: ResourcePlanner,
}

impl<P: Platform> ApiGatewayAuthorizer<P> {
    /// Makes the authorizer of a gate. Works out once how its rules overlap.
    pub fn new(gate: Arc<Gate<P>>) -> Self {
        let planner = ResourcePlanner::new(gate.policy().routes());
        Self { gate, planner }
    }

    /// Answers an event with an IAM policy. `arn` is its `methodArn` or `routeArn`; the method and
    /// path of `inbound` are those that the event has besides, or empty.
    pub async fn authorize_method(
        &self,
        api: ApiType,
        arn: &str,
        inbound: &InboundRequest<'_>,
        now: Timestamp,
    ) -> AuthorizerResult {
        let arn = MethodArn::parse(arn);
        let call = Call::of_method(&self.gate, api, arn, inbound);
        let mut outcome = call.decide(&self.gate, now).await;
        let request = call.request(&self.gate);
        if !is_safe(request.method) {
            self.deny_cross_site(&request, &mut outcome);
        }
        let access = self.caller_access(api, &request, &mut outcome, now).await;
        let answer = match outcome.code() {
            Some(code) if code.is_outage() => Err(AuthorizerError::Unavailable),
            // Without an ARN the answer denies everything everywhere.
            Some(code) if is_unauthorized(api, code) && arn.is_some() => {
                Err(AuthorizerError::Unauthorized)
            }
            Some(_) | None => {
                let response = self.policy_response(api, arn, &mut outcome, access);
                Ok(AuthorizerResponse::Policy(response))
            }
        };
        (answer, outcome)
    }

    /// Answers the event of an HTTP API with what the policy's `[aws]` says.
    pub async fn authorize_route(
        &self,
        arn: &str,
        inbound: &InboundRequest<'_>,
        now: Timestamp,
    ) -> AuthorizerResult {
        match self.gate.policy().http_api_response() {
            HttpApiResponse::Iam => self.authorize_method(ApiType::Http, arn, inbound, now).await,
            HttpApiResponse::Simple => self.authorize_simply(arn, inbound, now).await,
        }
    }

    /// Answers the event of an AppSync API, as one about `POST /graphql`.
    pub async fn authorize_graphql(
        &self,
        inbound: &InboundRequest<'_>,
        now: Timestamp,
    ) -> AuthorizerResult {
        let mut outcome = Call::of_graphql(&self.gate, inbound).decide(&self.gate, now).await;
        let answer = is_authorized(&outcome).map(|is_authorized| {
            let resolver_context = self.context(&mut outcome);
            AuthorizerResponse::GraphQl(GraphQlResponse {
                is_authorized,
                resolver_context,
                ttl_override: 0,
            })
        });
        (answer, outcome)
    }

    /// Returns the answer to an event for which there was not enough time.
    pub fn time_out(
        &self,
        inbound: &InboundRequest<'_>,
        reason: &str,
        now: Timestamp,
    ) -> AuthorizerResult {
        let denial = Denial::new(Code::StoreUnavailable, reason);
        let outcome = self.gate.refuse(&inbound.as_request(inbound.peer), denial, now);
        (Err(AuthorizerError::Unavailable), outcome)
    }

    async fn authorize_simply(
        &self,
        arn: &str,
        inbound: &InboundRequest<'_>,
        now: Timestamp,
    ) -> AuthorizerResult {
        let call = Call::of_method(&self.gate, ApiType::Http, MethodArn::parse(arn), inbound);
        let mut outcome = call.decide(&self.gate, now).await;
        let request = call.request(&self.gate);
        // A simple answer names no method: cached, it lets in every method of its rule.
        if !(is_safe(request.method) && self.has_safe_methods(&outcome)) {
            self.deny_cross_site(&request, &mut outcome);
        }
        let answer = is_authorized(&outcome).map(|is_authorized| {
            let context = self.context(&mut outcome);
            AuthorizerResponse::Simple(SimpleResponse { is_authorized, context })
        });
        (answer, outcome)
    }

    /// Denies a call that changes something, if its credential is a cookie and the answer may be
    /// cached: the cached answer would let in a request that a page of another site sends.
    fn deny_cross_site(&self, request: &AuthRequest<'_>, outcome: &mut Outcome) {
        let Some(rule) = self.gate.rule_of(outcome) else { return };
        if outcome.code().is_none()
            && self.gate.policy().responses_may_be_cached()
            && self.gate.has_token_cookie(rule, request.headers)
        {
            let reason = "the token is in a cookie, and answers are kept (`gateway_cache`): another site's \
                          request would be answered the same";
            self.gate.deny(outcome, Denial::new(Code::CrossSiteRequest, reason));
        }
    }

    /// Asks every rule about the caller's credentials. A caller that may not make this call may
    /// make others, which the same answer is cached for.
    async fn caller_access(
        &self,
        api: ApiType,
        request: &AuthRequest<'_>,
        outcome: &mut Outcome,
        now: Timestamp,
    ) -> Option<CallerAccess> {
        let is_error =
            outcome.code().is_some_and(|code| code.is_outage() || is_unauthorized(api, code));
        if is_error || api == ApiType::WebSocket {
            return None;
        }
        match self.gate.rule_access(request, outcome, now).await {
            Ok(rules) => Some(CallerAccess::new(&rules, outcome.principal())),
            Err(outage) => {
                let notice = format!(
                    "an outage hides which other rules the caller passes: {}",
                    outage.reason
                );
                self.gate.notify(outcome, &notice);
                // A cached answer would still deny these rules when the outage is over.
                if self.gate.policy().responses_may_be_cached() {
                    self.gate.deny(outcome, outage);
                }
                None
            }
        }
    }

    /// Returns whether the matched rule has safe methods only.
    fn has_safe_methods(&self, outcome: &Outcome) -> bool {
        self.gate.route_of(outcome).is_some_and(|route| route.methods.are_safe())
    }

    fn policy_response(
        &self,
        api: ApiType,
        arn: Option<MethodArn<'_>>,
        outcome: &mut Outcome,
        access: Option<CallerAccess>,
    ) -> PolicyResponse {
        let is_allowed = outcome.code().is_none();
        let principal = match &access {
            Some(CallerAccess { principal: Some(principal), .. }) => Some(principal),
            Some(CallerAccess { principal: None, .. }) | None => outcome.principal(),
        };
        let context = self.gate.identity_context(principal);
        let context = response::bounded(context, &mut outcome.notices);
        let usage_identifier = self.gate.policy().usage_identifier();
        let respond = |document| PolicyResponse::new(document, &context, usage_identifier);
        if let Some(arn) = arn {
            let mut documents = Vec::with_capacity(2);
            if let Some(access) = access
                && let Some(plan) = self.planner.plan(api, &access.passes)
                && plan.json_bytes(arn) <= MAX_RESPONSE_BYTES
                && let Some(document) = PolicyDocument::of_lists(arn, plan.lists())
                && document.allows(arn.text()) == is_allowed
            {
                documents.push(document);
            }
            if is_allowed {
                documents.extend(PolicyDocument::only(arn));
            }
            for document in documents {
                let response = respond(document);
                if response.fits() {
                    return response;
                }
            }
        }
        if is_allowed {
            let notice = "the call is allowed, but no IAM policy can express that, so it is denied";
            outcome.notices.push(notice.to_owned());
        }
        respond(PolicyDocument::nothing(arn))
    }

    /// Returns the context with every member, empty ones too: a mapping then overwrites what the
    /// client sent.
    fn context(&self, outcome: &mut Outcome) -> Context {
        let context = self.gate.identity_context(outcome.principal());
        response::bounded(context, &mut outcome.notices)
    }
}

/// A caller, and the rules that let it pass.
struct CallerAccess {
    principal: Option<Principal>,
    /// For each rule of the policy.
    passes: Vec<bool>,
}

impl CallerAccess {
    /// An answer names one principal, whichever route it is used for, so what the caller would
    /// reach as another principal is left out. `of_call` is the principal of the call itself; where
    /// it has none, the first principal stands for the caller.
    fn new(rules: &[RuleAccess], of_call: Option<&Principal>) -> Self {
        let principal = of_call.or_else(|| rules.iter().find_map(principal));
        let mut passes = Vec::with_capacity(rules.len());
        for rule in rules {
            passes.push(match rule {
                RuleAccess::Refused => false,
                RuleAccess::Public => true,
                RuleAccess::As(other) => Some(&**other) == principal,
            });
        }
        Self { principal: principal.cloned(), passes }
    }
}

fn principal(access: &RuleAccess) -> Option<&Principal> {
    match access {
        RuleAccess::As(principal) => Some(principal),
        RuleAccess::Refused | RuleAccess::Public => None,
    }
}

/// Returns whether a refusal is answered by the error `Unauthorized`, which is not cached: no
/// credential is good, or the credential or the request cannot be read. An HTTP API would make a
/// 500 of that error.
fn is_unauthorized(api: ApiType, code: Code) -> bool {
    let is_unreadable = matches!(
        code,
        Code::CredentialMalformed | Code::CredentialTooLarge | Code::RequestMalformed
    );
    api != ApiType::Http && (is_unreadable || code.status() == 401)
}

/// Returns whether the call is allowed, or an error if an outage prevented the decision.
fn is_authorized(outcome: &Outcome) -> Result<bool, AuthorizerError> {
    match &outcome.decision {
        Decision::Allow(_) => Ok(true),
        Decision::Deny(denial) if denial.code.is_outage() => Err(AuthorizerError::Unavailable),
        Decision::Deny(_) => Ok(false),
    }
}
