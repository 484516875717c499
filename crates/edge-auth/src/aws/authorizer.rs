//! The gate as a Lambda authorizer: from what an event says of a call to the answer.
//!
//! API Gateway keeps an answer and takes it for the caller's next calls, on other routes. So a
//! policy says all that these credentials may reach, by asking every rule about them; and where
//! IAM's resources cannot say that, this one call. It never says more than the rules do.

use edge_auth_token::Timestamp;

use super::arn::MethodArn;
use super::document::PolicyDocument;
use super::response::{
    self, AuthorizerError, AuthorizerResponse, Context, GraphQlResponse, PolicyResponse,
    SimpleResponse,
};
use super::settings::HttpApiResponse;
use crate::denial::{Code, Denial};
use crate::endpoints::InboundRequest;
use crate::gate::{Decision, Gate, Outcome, RuleAccess};
use crate::platform::Platform;
use crate::principal::Principal;
use crate::request::{AuthRequest, Headers};
use crate::route::{NormalPath, is_safe};

/// What comes of an event.
pub type AuthorizerResult = (Result<AuthorizerResponse, AuthorizerError>, Outcome);

/// The kind of API that asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiType {
    /// A REST API: paths are as the client sent them.
    Rest,
    /// An HTTP API: paths are percent-decoded, and an error is a 500 whatever it says.
    Http,
    /// A WebSocket API, which asks about its `$connect` as about `GET /$connect` with an upgrade.
    WebSocket,
}

/// The path that a WebSocket API's connections are asked about by.
const CONNECT: &str = "/$connect";
/// The path that AppSync's one endpoint is asked about by.
const GRAPHQL: &str = "/graphql";

impl<P: Platform> Gate<P> {
    /// Answers an event with an IAM policy. `arn` is its `methodArn` or `routeArn`, which says the
    /// method and the path; `incoming` has them as the event says them once more, or empty.
    pub async fn authorize_method(
        &self,
        api: ApiType,
        arn: &str,
        incoming: &InboundRequest<'_>,
        now: Timestamp,
    ) -> AuthorizerResult {
        let arn = MethodArn::parse(arn);
        let (mut outcome, known) = self.decide_call(api, arn, incoming, true, now).await;
        let answer = match outcome.code() {
            Some(code) if code.is_outage() => Err(AuthorizerError::Unavailable),
            // What is no ARN is denied everywhere.
            Some(code) if is_unauthorized(api, code) && arn.is_some() => {
                Err(AuthorizerError::Unauthorized)
            }
            _ => {
                Ok(AuthorizerResponse::Policy(self.policy_response(api, arn, &mut outcome, known)))
            }
        };
        (answer, outcome)
    }

    /// Answers the event of an HTTP API, whose responses are as the policy's `[aws]` says.
    pub async fn authorize_route(
        &self,
        arn: &str,
        incoming: &InboundRequest<'_>,
        now: Timestamp,
    ) -> AuthorizerResult {
        if self.policy.aws.http_api == HttpApiResponse::Iam {
            return self.authorize_method(ApiType::Http, arn, incoming, now).await;
        }
        let (mut outcome, _) =
            self.decide_call(ApiType::Http, MethodArn::parse(arn), incoming, false, now).await;
        let answer = not_in_an_outage(&outcome).map(|is_authorized| {
            let context = self.context(&mut outcome);
            AuthorizerResponse::Simple(SimpleResponse { is_authorized, context })
        });
        (answer, outcome)
    }

    /// Answers the event of an AppSync API, as one about `POST /graphql`.
    pub async fn authorize_graphql(
        &self,
        incoming: &InboundRequest<'_>,
        now: Timestamp,
    ) -> AuthorizerResult {
        let request = self.call_of(incoming, "POST", GRAPHQL, incoming.headers);
        let readable = self
            .host_known(incoming)
            .and_then(|()| self.identity.refuse_imitations(incoming.headers));
        let mut outcome = match readable {
            Ok(()) => self.authorize(&request, now).await,
            Err(denial) => self.refuse_unread(&request, denial, now),
        };
        let answer = not_in_an_outage(&outcome).map(|is_authorized| {
            let resolver_context = self.context(&mut outcome);
            AuthorizerResponse::GraphQl(GraphQlResponse {
                is_authorized,
                resolver_context,
                ttl_override: 0,
            })
        });
        (answer, outcome)
    }

    /// Decides about the call, and asks every rule about these credentials, if that is wanted.
    async fn decide_call(
        &self,
        api: ApiType,
        arn: Option<MethodArn<'_>>,
        incoming: &InboundRequest<'_>,
        wanted: bool,
        now: Timestamp,
    ) -> (Outcome, Option<Known>) {
        let asked = arn.ok_or_else(|| malformed("the event has no ARN of an API's method"));
        let asked = asked.and_then(|arn| Ok((arn.method, target(api, arn, incoming)?)));
        let asked = asked.and_then(|asked| self.host_known(incoming).map(|()| asked));
        // A mapping overwrites the six headers as they are written here, and no imitation of one.
        let asked = asked
            .and_then(|asked| self.identity.refuse_imitations(incoming.headers).map(|()| asked));
        let mut fields = incoming.headers.0.to_vec();
        if api == ApiType::WebSocket {
            fields.push(("upgrade", b"websocket"));
        }
        let (asked, refused) = match asked {
            Ok((_, target)) if api == ApiType::WebSocket => (("GET", target), None),
            Ok(asked) => (asked, None),
            Err(denial) => ((incoming.method, incoming.target.to_owned()), Some(denial)),
        };
        let (method, target) = (asked.0, asked.1.as_str());
        let request = self.call_of(incoming, method, target, Headers(&fields));
        let mut outcome = match refused {
            None => self.authorize(&request, now).await,
            Some(denial) => self.refuse_unread(&request, denial, now),
        };
        // What is kept of an answer lets in the same caller's next request, whichever page sends
        // that. A simple one says no method, so that it lets in whatever its rule does.
        let says_method = wanted || api != ApiType::Http;
        let changes =
            !is_safe(request.method) || (!says_method && !self.has_safe_methods(&outcome));
        if self.policy.responses_may_be_cached()
            && changes
            && matches!(outcome.decision, Decision::Allow(_))
            && self.rule_of(&outcome).is_some_and(|rule| self.is_by_cookie(rule, request.headers))
        {
            let reason = "the token is in a cookie, and answers are kept (`gateway_cache`): another site's \
                          request would be answered the same";
            outcome.deny(Denial::new(Code::CrossSiteRequest, reason));
        }
        // A caller who may not do this may do something else, and is answered the same then.
        let answered =
            outcome.code().is_none_or(|code| !code.is_outage() && !is_unauthorized(api, code));
        if !(wanted && answered && api != ApiType::WebSocket) {
            return (outcome, None);
        }
        let known = match self.rule_access(&request, &outcome, now).await {
            Ok(rule_access) => Some(Known::by(&rule_access, principal(&outcome))),
            Err(trouble) => {
                outcome.notices.push(format!(
                    "which other rules the caller passes is not known: {}",
                    trouble.reason
                ));
                // An answer that is kept would deny them even when the trouble is over.
                if self.policy.responses_may_be_cached() {
                    outcome.deny(trouble);
                }
                None
            }
        };
        (outcome, known)
    }

    /// Whether the rule that matched has none but safe methods.
    fn has_safe_methods(&self, outcome: &Outcome) -> bool {
        let route = outcome.rule.and_then(|index| self.policy.router.routes().get(index));
        route.is_some_and(|route| route.methods.are_safe())
    }

    fn policy_response(
        &self,
        api: ApiType,
        arn: Option<MethodArn<'_>>,
        outcome: &mut Outcome,
        known: Option<Known>,
    ) -> PolicyResponse {
        let allowed = matches!(outcome.decision, Decision::Allow(_));
        let caller = known.as_ref().and_then(|known| known.principal.as_ref());
        let context = self.identity.context(caller.or(principal(outcome)));
        let context = response::bounded(context, &mut outcome.notices);
        let member = |name| context.get(name).filter(|value| !value.is_empty()).cloned();
        let answer = |policy_document| PolicyResponse {
            principal_id: member("principal").unwrap_or_else(|| "nobody".to_owned()),
            policy_document,
            context: context.clone(),
            usage_identifier_key: self
                .policy
                .aws
                .usage_identifier
                .and_then(|by| member(by.member())),
        };
        let lists = arn.zip(known).and_then(|(arn, known)| {
            let lists = self.resource_planner().plan(api, &known.passes)?;
            PolicyDocument::of_lists(arn, lists)
                .filter(|document| document.allows(arn.text()) == allowed)
        });
        let only = arn.filter(|_| allowed).and_then(PolicyDocument::only);
        let said = [lists, only].into_iter().flatten().map(answer).find(PolicyResponse::fits);
        if said.is_none() && allowed {
            outcome
                .notices
                .push("the call is allowed, but no policy can say so: it is denied".to_owned());
        }
        said.unwrap_or_else(|| answer(PolicyDocument::nothing(arn)))
    }

    /// Rules that name hosts decide nothing where the event names none: a later rule would.
    fn host_known(&self, incoming: &InboundRequest<'_>) -> Result<(), Denial> {
        if incoming.host.is_none() && self.policy.rules_name_hosts() {
            let reason = "the event does not say the host, and rules of the policy name hosts";
            return Err(Denial::new(Code::ForwardedRequestIncomplete, reason));
        }
        Ok(())
    }

    fn call_of<'a>(
        &self,
        incoming: &InboundRequest<'a>,
        method: &'a str,
        target: &'a str,
        headers: Headers<'a>,
    ) -> AuthRequest<'a> {
        let client = self.trust.client(incoming.peer, headers);
        let proxy_trusted = self.trusts_proxy(incoming);
        AuthRequest { method, target, headers, proxy_trusted, ..incoming.as_request(client) }
    }

    /// Every member is there, if only empty: a mapping then overwrites what the client sent.
    fn context(&self, outcome: &mut Outcome) -> Context {
        let context = self.identity.context(principal(outcome));
        response::bounded(context, &mut outcome.notices)
    }
}

/// A caller, and the rules that would let it pass.
struct Known {
    principal: Option<Principal>,
    passes: Vec<bool>,
}

impl Known {
    /// An answer tells of one principal, on whatever route it is used: what would be reached as
    /// another one is left out. `asked` is who the call itself is by; where it does not matter, the
    /// first that there is.
    fn by(rule_access: &[RuleAccess], asked: Option<&Principal>) -> Self {
        let first = || {
            rule_access.iter().find_map(|passage| match passage {
                RuleAccess::As(principal) => Some(&**principal),
                RuleAccess::Refused | RuleAccess::Public => None,
            })
        };
        let own = asked.or_else(first);
        let passes = |passage: &RuleAccess| match passage {
            RuleAccess::Refused => false,
            RuleAccess::Public => true,
            RuleAccess::As(principal) => Some(&**principal) == own,
        };
        Self { passes: rule_access.iter().map(passes).collect(), principal: own.cloned() }
    }
}

fn principal(outcome: &Outcome) -> Option<&Principal> {
    match &outcome.decision {
        Decision::Allow(grant) => grant.principal.as_ref(),
        Decision::Deny(_) => None,
    }
}

/// Whether it is said by the error `Unauthorized`, of which nothing is kept: no credential is good,
/// or it or the request cannot be read. An HTTP API would make a 500 of that error.
fn is_unauthorized(api: ApiType, code: Code) -> bool {
    let unread = matches!(
        code,
        Code::CredentialMalformed | Code::CredentialTooLarge | Code::RequestMalformed
    );
    api != ApiType::Http && (unread || code.status() == 401)
}

/// Whether the call is allowed, unless that is not known.
fn not_in_an_outage(outcome: &Outcome) -> Result<bool, AuthorizerError> {
    match outcome.code() {
        Some(code) if code.is_outage() => Err(AuthorizerError::Unavailable),
        code => Ok(code.is_none()),
    }
}

/// The raw target that the ARN names. What the event says beside it may be longer, by a stage or a
/// base path, but must not be of another call.
fn target(
    api: ApiType,
    arn: MethodArn<'_>,
    incoming: &InboundRequest<'_>,
) -> Result<String, Denial> {
    let Some(path) = arn.path else {
        return match (api, arn.method) {
            (ApiType::WebSocket, "$connect") => Ok(CONNECT.to_owned()),
            _ => Err(malformed("the ARN has no path")),
        };
    };
    if !incoming.method.is_empty() && incoming.method != arn.method {
        return Err(malformed("the event and its ARN are about different methods"));
    }
    let told = incoming.target;
    let path = match api {
        ApiType::Http => {
            let ambiguous = |refused: crate::route::PathRefused| {
                Denial::new(Code::PathAmbiguous, refused.to_string())
            };
            NormalPath::from_decoded(path).map_err(ambiguous)?.forwarded().into_owned()
        }
        ApiType::Rest | ApiType::WebSocket => path.to_owned(),
    };
    let agrees = told.is_empty()
        || arn.path == Some("/")
        || arn.path.is_some_and(|path| told.ends_with(path));
    if !agrees {
        return Err(Denial::new(
            Code::PathAmbiguous,
            "the event and its ARN are about different paths",
        ));
    }
    Ok(path)
}

fn malformed(reason: &str) -> Denial {
    Denial::new(Code::RequestMalformed, reason)
}
