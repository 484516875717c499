//! The outcome of a request: the decision, its audit event, and the work that is left to do.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::audit_facts::RequestFacts;
use crate::audit::AuditEvent;
use crate::denial::{Code, Denial};
use crate::identity_headers::IdentityHeaders;
use crate::policy::Policy;
use crate::principal::Principal;
use crate::redact::{MAX_REASON, Redactor};

/// The outcome of one request.
#[derive(Debug, Clone)]
#[must_use]
#[non_exhaustive]
pub struct Outcome {
    /// Whether the request may pass.
    pub decision: Decision,
    /// The event for the audit log; `None` for an allowed decision that need not be logged.
    pub audit: Option<AuditEvent>,
    /// What the event would say, where there is none.
    pub(super) unlogged: Option<RequestFacts>,
    /// Notices for the operator that are not about this request alone: a key set that could not be
    /// fetched, say.
    pub notices: Vec<String>,
    /// Tasks that the host runs with [`Gate::run_deferred`](crate::Gate::run_deferred) after the
    /// answer.
    pub deferred_tasks: Vec<DeferredTask>,
    /// The index of the rule that matched.
    pub(super) rule: Option<usize>,
    /// How long the request waited for stores and issuers.
    pub(super) waited: Duration,
}

/// Whether a request may pass.
#[derive(Debug, Clone)]
pub enum Decision {
    /// The request may pass.
    Allow(Box<Grant>),
    /// The request may not pass.
    Deny(Denial),
}

/// A decision with every check on the way, for people.
#[derive(Debug, Clone)]
#[must_use]
#[non_exhaustive]
pub struct Explanation {
    /// Whether the request may pass.
    pub decision: Decision,
    /// The event that the audit log would have.
    pub audit: AuditEvent,
    /// The checks, in order.
    pub checks: Vec<Check>,
    /// Notices for the operator.
    pub notices: Vec<String>,
}

impl Decision {
    /// Hides credentials in the reason of a refusal.
    pub(super) fn of(decision: Result<Grant, Denial>, redactor: &Redactor) -> Self {
        match decision {
            Ok(grant) => Self::Allow(Box::new(grant)),
            Err(mut denial) => {
                denial.reason = redactor.hide(&denial.reason, MAX_REASON);
                Self::Deny(denial)
            }
        }
    }

    /// Returns the code of a refusal.
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Allow(_) => None,
            Self::Deny(denial) => Some(denial.code),
        }
    }
}

/// The permission of an allowed request.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Grant {
    /// The caller; `None` on a public rule.
    pub principal: Option<Arc<Principal>>,
    /// The request that goes upstream.
    pub upstream: UpstreamRequest,
    /// The names of the identity headers.
    pub(crate) identity: IdentityHeaders,
}

impl Grant {
    /// Returns the fields to set on the upstream request, without those to remove: the identity
    /// headers of the principal, and what is left of fields that a token shared with other things.
    pub fn fields_to_set(&self) -> impl Iterator<Item = (&str, &str)> {
        let identity = self.principal.iter().flat_map(|principal| self.identity.of(principal));
        let rewritten = self.upstream.rewritten.iter();
        identity.chain(rewritten.map(|(name, value)| (name.as_str(), value.as_str())))
    }
}

/// The request as it goes upstream.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct UpstreamRequest {
    /// The request target: the path that was matched, and the query as it came.
    pub target: String,
    /// The client's fields that must not go upstream, in lower case: identity headers in any
    /// spelling, and the credential.
    pub remove: Vec<String>,
    /// What is left of fields that a token shared with other things; to set after that, with the
    /// identity headers ([`Grant::fields_to_set`]).
    pub rewritten: Vec<(String, String)>,
    /// Fields to set on the response, for a page of another origin.
    pub respond: Vec<(String, String)>,
    /// Whether a WebSocket upgrade goes upstream.
    pub upgrade: bool,
    /// How long after the decision the host ends the answer, an upgraded connection included.
    pub max_response_age: Option<Duration>,
}

/// Work that does not delay the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeferredTask {
    /// Fetch this key set (by index) again.
    RefreshIssuerKeys(usize),
    /// Read the revocations since the last read.
    RefreshRevocations,
    /// Read an API-key record again, before the cached one is too old.
    RefreshApiKey {
        /// The block's index.
        block: usize,
        /// The record's id.
        id: String,
    },
}

/// One check on the way to a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked: `jwt:corp`, `signature`, `scopes`.
    pub what: String,
    /// The result.
    pub result: CheckResult,
    /// The details, for people.
    pub detail: String,
}

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckResult {
    /// It holds.
    Passed,
    /// It does not hold.
    Failed,
    /// There was nothing to check.
    Absent,
}

impl Outcome {
    /// Turns the outcome into a refusal, which is logged, and hides credentials in its reason.
    pub(super) fn deny(&mut self, mut denial: Denial, policy: &Policy, redactor: &Redactor) {
        denial.reason = redactor.hide(&denial.reason, MAX_REASON);
        if let Some(audit) = self.audit_event(policy, redactor) {
            audit.allowed = false;
            audit.code = Some(denial.code);
            audit.reason = Some(denial.reason.clone());
        }
        self.decision = Decision::Deny(denial);
    }

    /// Returns the audit event, which is made and logged by this, whatever the share is.
    pub(super) fn audit_event(
        &mut self,
        policy: &Policy,
        redactor: &Redactor,
    ) -> Option<&mut AuditEvent> {
        if let Some(facts) = self.unlogged.take() {
            self.audit = Some(facts.event(&self.decision, policy, redactor));
        }
        let audit = self.audit.as_mut()?;
        audit.weight = None;
        Some(audit)
    }

    /// Adds a notice for the operator, and hides credentials in it.
    pub(super) fn notify(&mut self, notice: &str, redactor: &Redactor) {
        self.notices.push(redactor.hide(notice, MAX_REASON));
    }

    /// Returns the principal of a request that may pass; `None` on a public rule.
    pub fn principal(&self) -> Option<&Principal> {
        match &self.decision {
            Decision::Allow(grant) => grant.principal.as_deref(),
            Decision::Deny(_) => None,
        }
    }

    /// Returns the code of a refusal.
    pub fn code(&self) -> Option<Code> {
        self.decision.code()
    }
}
