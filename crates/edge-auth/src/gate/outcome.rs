//! What comes out of the gate: the decision, what is logged of it, and what is left to do.

use std::net::IpAddr;
use std::time::Duration;

use edge_auth_token::Timestamp;
use serde::Serialize;

use super::Gate;
use crate::audit::AuditEvent;
use crate::certificate::{Thumbprint, to_hex};
use crate::denial::{Code, Denial};
use crate::platform::Platform;
use crate::policy::{ClientCertPolicy, CredentialRef, Rule};
use crate::principal::{Principal, PrincipalKind};
use crate::redact::{
    MAX_HOST, MAX_METHOD, MAX_PATH, MAX_PRINCIPAL, MAX_REASON, MAX_REFUSED_PATH, Redactor,
};
use crate::request::AuthRequest;
use crate::route::{Host, NormalPath};

/// The outcome of one request.
#[derive(Debug, Clone)]
#[must_use]
#[non_exhaustive]
pub struct Outcome {
    /// May it pass?
    pub decision: Decision,
    /// For the audit log.
    pub audit: AuditEvent,
    /// What was checked, in order; filled by [`Gate::explain`] only.
    pub checks: Vec<Check>,
    /// What an operator should know beyond this request: a key set that could not be fetched, say.
    pub notices: Vec<String>,
    /// For the host to run with [`Gate::run_deferred`] after the answer.
    pub deferred_tasks: Vec<DeferredTask>,
    /// The index of the rule that matched.
    pub(crate) rule: Option<usize>,
    /// How long the request waited for others.
    pub(crate) waited: Duration,
}

/// Allow or deny.
#[derive(Debug, Clone)]
pub enum Decision {
    /// The request may pass.
    Allow(Box<Grant>),
    /// The request may not pass.
    Deny(Denial),
}

/// What an allowed request may do.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Grant {
    /// Who it is; `None` on a public rule.
    pub principal: Option<Principal>,
    /// What goes upstream.
    pub upstream: UpstreamRequest,
}

/// The request as it goes upstream.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct UpstreamRequest {
    /// The request target: the path that was matched, and the query as it came.
    pub target: String,
    /// The client's fields that must not go upstream, in lower case: identity headers in any
    /// spelling, and the credential.
    pub remove: Vec<String>,
    /// Fields to set afterwards: who the principal is.
    pub set: Vec<(String, String)>,
    /// Fields to set on the response, for a page of another origin.
    pub respond: Vec<(String, String)>,
    /// Whether a WebSocket upgrade is passed on.
    pub upgrade: bool,
    /// How long after the decision whoever carries the answer ends it, an upgraded connection
    /// included.
    pub max_response_age: Option<Duration>,
}

/// Work that need not delay the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeferredTask {
    /// Fetch the keys of this issuer (by index) again.
    RefreshIssuerKeys(usize),
    /// Read what was revoked since the last time.
    RefreshRevocations,
    /// Read an API-key record again, before the copy in memory is too old.
    RefreshApiKey {
        /// The block's index.
        block: usize,
        /// The record's id.
        id: String,
    },
}

/// One thing that was checked on the way to a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What: `jwt:corp`, `signature`, `scopes`.
    pub what: String,
    /// How it ended.
    pub result: CheckResult,
    /// Why, for people.
    pub detail: String,
}

/// How a check ended.
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

/// What is found out on the way to a decision.
pub(crate) struct DecisionContext {
    /// Somewhat more of the method, as it was sent, than is logged.
    method: String,
    /// Somewhat more of the path, as it was sent, than is logged where it is refused.
    raw_path: String,
    client_ip: Option<IpAddr>,
    host: Option<String>,
    path: Option<String>,
    rule: Option<(usize, String)>,
    principal: Option<(String, PrincipalKind)>,
    certificate: Option<String>,
    checks: Option<Vec<Check>>,
    pub notices: Vec<String>,
    pub deferred_tasks: Vec<DeferredTask>,
    /// For the audit log of a request that passes.
    pub warning: Option<String>,
    /// Whether the rule lets requests pass though it is not known what was revoked lately.
    pub allows_stale_revocation: bool,
    /// How long the request waited for others so far.
    pub waited: Duration,
    /// After how much of that it was last made sure that revocations are known.
    pub revocations_known_after: Option<Duration>,
    /// When the oldest read began by which something was found not to be revoked.
    pub judged_by: Option<Timestamp>,
    /// The records of keys, by block and id, that the store was asked for and does not have.
    pub absent_keys: Vec<(usize, String)>,
}

impl DecisionContext {
    pub(super) fn new(request: &AuthRequest<'_>) -> Self {
        // The query may hold secrets of others: it is never logged.
        let raw_path = request.target.split(['?', '#']).next().unwrap_or_default();
        Self {
            method: beginning(request.method, MAX_METHOD),
            raw_path: beginning(raw_path, MAX_REFUSED_PATH),
            client_ip: request.client_ip,
            host: None,
            path: None,
            rule: None,
            principal: None,
            certificate: None,
            checks: None,
            notices: Vec::new(),
            deferred_tasks: Vec::new(),
            warning: None,
            allows_stale_revocation: false,
            waited: Duration::ZERO,
            revocations_known_after: None,
            judged_by: None,
            absent_keys: Vec::new(),
        }
    }

    /// What time it is by now for a request that came at `now`.
    pub(super) fn moment(&self, now: Timestamp) -> Timestamp {
        now.plus(self.waited)
    }

    pub(super) fn judged_by(&mut self, read_at: Option<Timestamp>) {
        self.judged_by = match (self.judged_by, read_at) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }

    pub(super) fn explaining(mut self) -> Self {
        self.checks = Some(Vec::new());
        self
    }

    pub(super) fn host(&mut self, host: Option<&Host>) {
        self.host = host.map(ToString::to_string);
    }

    pub(super) fn path(&mut self, path: &NormalPath) {
        self.path = Some(path.forwarded().into_owned());
    }

    pub(super) fn rule(&mut self, index: usize, rule: &Rule) {
        self.rule = Some((index, rule.name.clone()));
        self.allows_stale_revocation = rule.insecure_allow_stale_revocation;
    }

    pub(super) fn principal(&mut self, principal: &Principal) {
        self.principal = Some((principal.id.clone(), principal.kind));
    }

    pub(super) fn certificate(&mut self, thumbprint: &Thumbprint) {
        self.certificate = Some(to_hex(thumbprint));
    }

    pub(super) fn bootstrap(&mut self) {
        self.principal = Some(("admin:bootstrap".to_owned(), PrincipalKind::Bootstrap));
    }

    pub(super) fn check(
        &mut self,
        what: &str,
        result: CheckResult,
        detail: impl FnOnce() -> String,
    ) {
        if let Some(checks) = &mut self.checks {
            checks.push(Check { what: what.to_owned(), result, detail: detail() });
        }
    }

    /// A credential that the rule names: verified, or not there. One that fails ends the decision
    /// before, so it is the decision's reason.
    pub(super) fn named<P: Platform>(
        &mut self,
        named: &CredentialRef,
        verified: bool,
        gate: &Gate<P>,
    ) {
        if self.checks.is_some() {
            let is_pinned = match named {
                CredentialRef::Cert(index) => {
                    gate.policy.client_certs.get(*index).is_some_and(ClientCertPolicy::is_pinned)
                }
                CredentialRef::Jwt(_) | CredentialRef::Key(_) => false,
            };
            let (result, detail) = match (verified, is_pinned) {
                (true, false) => (CheckResult::Passed, "verified"),
                (true, true) => (
                    CheckResult::Passed,
                    "verified: pinned by its fingerprint, without an authority",
                ),
                (false, _) => (CheckResult::Absent, "not presented"),
            };
            self.check(&gate.policy.name_of(named), result, || detail.to_owned());
        }
    }

    /// Whatever a client may have written is redacted here, on its way into the log.
    pub(super) fn outcome(
        self,
        mut decision: Result<Grant, Denial>,
        redactor: &Redactor,
        now: Timestamp,
    ) -> Outcome {
        if let Err(denial) = &mut decision {
            denial.reason = redactor.hide(&denial.reason, MAX_REASON);
        }
        let denial = decision.as_ref().err();
        let (principal, kind) = self.principal.unzip();
        let (rule, rule_name) = self.rule.unzip();
        let audit = AuditEvent {
            time: now,
            allowed: denial.is_none(),
            code: denial.map(|denial| denial.code),
            reason: denial.map(|denial| denial.reason.clone()),
            rule: rule_name,
            method: redactor.excerpt(&self.method, MAX_METHOD),
            host: self.host.map(|host| redactor.hide(&host, MAX_HOST)),
            path: match self.path {
                Some(path) => redactor.hide(&path, MAX_PATH),
                None => redactor.excerpt(&self.raw_path, MAX_REFUSED_PATH),
            },
            client_ip: self.client_ip,
            principal: principal.map(|principal| redactor.hide(&principal, MAX_PRINCIPAL)),
            kind,
            certificate: self.certificate,
            warning: self.warning,
            action: None,
            key: None,
            revocation: None,
            error: None,
        };
        let decision = match decision {
            Ok(grant) => Decision::Allow(Box::new(grant)),
            Err(denial) => Decision::Deny(denial),
        };
        let checks = self.checks.unwrap_or_default();
        let Self { notices, deferred_tasks, waited, .. } = self;
        let notices = notices.iter().map(|notice| redactor.hide(notice, MAX_REASON)).collect();
        Outcome { decision, audit, checks, notices, deferred_tasks, rule, waited }
    }
}

/// A little more than the first `most` bytes, so that it is seen whether there are more.
fn beginning(text: &str, most: usize) -> String {
    text.get(..text.ceil_char_boundary(most + 1)).unwrap_or_default().to_owned()
}

impl Outcome {
    /// Turns the outcome into a refusal.
    pub(crate) fn deny(&mut self, denial: Denial) {
        self.audit.allowed = false;
        self.audit.code = Some(denial.code);
        self.audit.reason = Some(denial.reason.clone());
        self.decision = Decision::Deny(denial);
    }

    /// The code of a refusal.
    pub fn code(&self) -> Option<Code> {
        match &self.decision {
            Decision::Allow(_) => None,
            Decision::Deny(denial) => Some(denial.code),
        }
    }
}
