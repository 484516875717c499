//! `/admin/v1/…`: the administration over HTTP. `openapi.json` describes its paths.

use edge_auth::endpoints::{InboundRequest, refusal};
use edge_auth::platform::{Platform, Randomness};
use edge_auth::redact::MAX_REASON;
use edge_auth::route::NormalPath;
use edge_auth::{Gate, Outcome, Reply};
use edge_auth_token::Timestamp;

use super::access;
use super::action::{Requested, allowed_methods};
use super::operations::bodies::ProblemBody;
use super::operations::{Operations, Performed};
use super::tenant_limit::TenantLimit;
use crate::store::ControlStore;

/// The administration over HTTP: a gate admits administrators, and a store is written.
pub struct AdminApi<'g, P: Platform, S> {
    gate: &'g Gate<P>,
    store: &'g S,
}

/// The permission to carry out one request.
#[derive(Debug)]
#[must_use]
pub struct AuthorizedOperation(Outcome);

impl<'g, P: Platform, S: ControlStore> AdminApi<'g, P, S> {
    /// Makes the endpoint. The gate reads what is written to `store`, from the same store or from
    /// a copy of it.
    pub fn new(gate: &'g Gate<P>, store: &'g S) -> Self {
        Self { gate, store }
    }

    /// Answers a request whose body was read already, if the caller may make it.
    pub async fn answer(
        &self,
        inbound: &InboundRequest<'_>,
        body: &[u8],
        randomness: &dyn Randomness,
        now: Timestamp,
    ) -> (Reply, Outcome) {
        match self.admit(inbound, now).await {
            Ok(operation) => self.perform(operation, inbound, body, randomness, now).await,
            Err(refused) => refused,
        }
    }

    /// Writes into the outcome what was done, and makes it count on this instance at once.
    async fn record(&self, performed: Performed, outcome: &mut Outcome, now: Timestamp) -> Reply {
        let Performed { reply, key, revocation, reason, notice } = performed;
        if let Some(notice) = notice {
            self.gate.notify(outcome, &notice);
        }
        if let Some(id) = &key {
            self.gate.forget_key(id);
        }
        if key.is_some() || revocation.is_some() {
            // A failure is reported by the next request that needs the revocations.
            let _ = self.gate.read_revocations(now, &mut outcome.notices).await;
        }
        self.gate.annotate(outcome, |audit| {
            audit.key = key;
            audit.revocation = revocation;
            audit.reason = reason.map(|reason| self.hide(&reason));
        });
        reply
    }

    fn hide(&self, reason: &str) -> String {
        self.gate.redactor().hide(reason, MAX_REASON)
    }

    /// Decides by a request's head alone whether the caller may make it.
    pub async fn admit(
        &self,
        inbound: &InboundRequest<'_>,
        now: Timestamp,
    ) -> Result<AuthorizedOperation, (Reply, Outcome)> {
        let parsed = NormalPath::parse(inbound.target).ok();
        let requested = match &parsed {
            Some((path, _)) => Requested::of(inbound.method, path.decoded()),
            None => Requested::UnknownPath,
        };
        let mut outcome = access::authorize(self.gate, inbound, requested.scope(), now).await;
        if let Some(reply) = refusal(self.gate, &outcome) {
            return Err((reply, outcome));
        }
        let action = match &requested {
            Requested::Action(action) => Some(action.name().to_owned()),
            Requested::WrongMethod(_) | Requested::UnknownPath => None,
        };
        self.gate.annotate(&mut outcome, |audit| audit.action = action);
        if is_from_another_site(inbound) {
            self.fail(&mut outcome, "cross_site");
            let why =
                "A page of another site sent this request, perhaps without the caller's knowledge.";
            return Err((problem(403, "cross_site", why), outcome));
        }
        Ok(AuthorizedOperation(outcome))
    }

    /// Returns the outcome of an admitted request that cannot be carried out, for the audit log.
    pub fn abandon(
        &self,
        AuthorizedOperation(mut outcome): AuthorizedOperation,
        error: &str,
    ) -> Outcome {
        self.fail(&mut outcome, error);
        outcome
    }

    /// Carries out an admitted request.
    pub async fn perform(
        &self,
        AuthorizedOperation(mut outcome): AuthorizedOperation,
        inbound: &InboundRequest<'_>,
        body: &[u8],
        randomness: &dyn Randomness,
        now: Timestamp,
    ) -> (Reply, Outcome) {
        let Ok((path, query)) = NormalPath::parse(inbound.target) else {
            return self.not_found(outcome);
        };
        let action = match Requested::of(inbound.method, path.decoded()) {
            Requested::Action(action) => action,
            Requested::WrongMethod(others) => {
                return self.method_not_allowed(&allowed_methods(&others), outcome);
            }
            Requested::UnknownPath => return self.not_found(outcome),
        };
        let operations = Operations {
            policy: self.gate.policy(),
            profiles: self.gate.api_key_profiles(),
            revocation_secrets: self.gate.revocation_secrets(),
            store: self.store.api_keys(),
            log: self.store.revocations(),
            by: outcome
                .audit
                .as_ref()
                .and_then(|audit| audit.principal.clone())
                .unwrap_or_default(),
            tenant_limit: TenantLimit::of(&outcome, self.gate.policy()),
            randomness,
            now,
        };
        let performed = operations.perform(&action, query.unwrap_or_default(), body).await;
        let reply = match performed {
            Ok(performed) => self.record(performed, &mut outcome, now).await,
            Err(error) => {
                let (code, status) = error.code();
                let reason = self.hide(&error.to_string());
                let reply = problem(status, code, &reason);
                self.gate.annotate(&mut outcome, |audit| {
                    audit.error = Some(code.to_owned());
                    audit.reason = Some(reason);
                });
                reply
            }
        };
        (reply, outcome)
    }

    fn fail(&self, outcome: &mut Outcome, error: &str) {
        self.gate.annotate(outcome, |audit| audit.error = Some(error.to_owned()));
    }

    fn not_found(&self, mut outcome: Outcome) -> (Reply, Outcome) {
        self.fail(&mut outcome, "not_found");
        (problem(404, "not_found", "There is no such resource."), outcome)
    }

    fn method_not_allowed(&self, allowed: &str, mut outcome: Outcome) -> (Reply, Outcome) {
        self.fail(&mut outcome, "method_not_allowed");
        let detail = format!("The resource has other methods: {allowed}.");
        let mut reply = problem(405, "method_not_allowed", &detail);
        reply.headers.push(("Allow".to_owned(), allowed.to_owned()));
        (reply, outcome)
    }
}

/// Returns whether a page of another site sent the request. Browsers send cookies and client
/// certificates with the requests of any page, and say whose page it was (Fetch Metadata, section
/// 2.3); other clients do not send the field.
fn is_from_another_site(inbound: &InboundRequest<'_>) -> bool {
    let mut sites = inbound.headers.all("sec-fetch-site");
    sites.any(|site| !matches!(site, b"same-origin" | b"none"))
}

fn problem(status: u16, code: &str, detail: &str) -> Reply {
    let title = "The request for administration failed.";
    let r#type = format!("urn:edge-auth:admin:{code}");
    Reply::problem_json(status, &ProblemBody { r#type, title, status, code, detail })
}
