//! What the gate gathers while it decides about one request, and how that becomes an outcome.

use std::sync::Arc;
use std::time::Duration;

use edge_auth_token::Timestamp;

use super::audit_facts::{AuditFacts, Caller, RequestFacts};
use super::outcome::{Check, CheckResult, Decision, DeferredTask, Explanation, Grant, Outcome};
use super::sampler::{Sample, Sampler};
use crate::audit::AuditEvent;
use crate::certificate::Thumbprint;
use crate::denial::Denial;
use crate::platform::{MaybeSend, Platform};
use crate::policy::{ClientCertPolicy, CredentialRef, Policy, Rule};
use crate::principal::Principal;
use crate::redact::{MAX_REASON, Redactor};
use crate::request::AuthRequest;
use crate::route::{Host, NormalPath};

/// What turns a decision into an audit event, or decides that none is needed.
#[derive(Clone, Copy)]
pub(super) struct Logging<'g> {
    pub policy: &'g Policy,
    pub redactor: &'g Redactor,
    pub sampler: &'g Sampler,
}

/// What is known so far about a request that is being decided.
#[derive(Default)]
pub(crate) struct DecisionContext {
    facts: AuditFacts,
    checks: Option<Vec<Check>>,
    pub notices: Vec<String>,
    pub deferred_tasks: Vec<DeferredTask>,
    /// Whether the rule lets requests pass although recent revocations are unknown.
    pub allows_stale_revocation: bool,
    /// How long the request has waited for stores and issuers so far.
    pub waited: Duration,
    /// The value of `waited` when the revocations were last made sure to be fresh.
    pub revocations_known_after: Option<Duration>,
    /// When the oldest read began by which something was found not to be revoked.
    pub judged_by: Option<Timestamp>,
    /// The records of keys, by block and id, that the store was asked for and does not have.
    pub absent_keys: Vec<(usize, String)>,
}

impl DecisionContext {
    /// Returns whether the store was found to have no such record.
    pub(super) fn is_absent(&self, profile: usize, id: &str) -> bool {
        self.absent_keys.iter().any(|(index, absent)| *index == profile && absent == id)
    }

    /// Returns the time by now, for a request that came at `now` and waited since.
    pub(super) fn moment(&self, now: Timestamp) -> Timestamp {
        now.plus(self.waited)
    }

    pub(super) fn judged_by(&mut self, read_at: Option<Timestamp>) {
        self.judged_by = match (self.judged_by, read_at) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }

    /// Makes a context that records every check.
    pub(super) fn explaining() -> Self {
        Self { checks: Some(Vec::new()), ..Self::default() }
    }

    pub(super) fn host(&mut self, host: Option<Host>) {
        self.facts.host = host;
    }

    pub(super) fn path(&mut self, path: NormalPath) {
        self.facts.path = Some(path);
    }

    /// Returns the decoded path, once the rule is known.
    pub(super) fn normal_path(&self) -> Option<&NormalPath> {
        self.facts.path.as_ref()
    }

    pub(super) fn rule(&mut self, index: usize, rule: &Rule) {
        self.facts.rule = Some(index);
        self.allows_stale_revocation = rule.insecure_allow_stale_revocation;
    }

    pub(super) fn principal(&mut self, principal: &Arc<Principal>) {
        self.facts.caller = Some(Caller::Principal(Arc::clone(principal)));
    }

    pub(super) fn certificate(&mut self, thumbprint: &Thumbprint) {
        self.facts.certificate = Some(*thumbprint);
    }

    pub(super) fn bootstrap(&mut self) {
        self.facts.caller = Some(Caller::Bootstrap);
    }

    /// Adds a warning for the audit event of a request that passes.
    pub(super) fn warn(&mut self, warning: String) {
        self.facts.warning = Some(warning);
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

    /// Records a credential that the rule names: verified, or not presented. One that fails ends
    /// the decision earlier, and is its reason.
    pub(super) fn named(&mut self, named: &CredentialRef, verified: bool, policy: &Policy) {
        if self.checks.is_some() {
            let is_pinned = match named {
                CredentialRef::Cert(index) => {
                    policy.client_certs.get(*index).is_some_and(ClientCertPolicy::is_pinned)
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
            self.check(&policy.name_of(named), result, || detail.to_owned());
        }
    }

    /// Makes the outcome, without an audit event if that need not be logged. Redacts everything that
    /// a client may have written.
    pub(super) fn outcome(
        self,
        decision: Result<Grant, Denial>,
        request: &AuthRequest<'_>,
        logging: Logging<'_>,
        now: Timestamp,
    ) -> Outcome {
        let Logging { policy, redactor, sampler } = logging;
        let decision = Decision::of(decision, redactor);
        let Self { facts, notices, deferred_tasks, waited, .. } = self;
        let rule = facts.rule;
        let facts = RequestFacts::new(facts, request, now);
        let sample = match &decision {
            Decision::Allow(_) if !facts.has_warning() => sampler.next(),
            Decision::Allow(_) | Decision::Deny(_) => Sample::Logged { weight: None },
        };
        let (audit, unlogged) = match sample {
            Sample::Logged { weight } => {
                let event = facts.event(&decision, policy, redactor);
                (Some(AuditEvent { weight, ..event }), None)
            }
            Sample::LeftOut => (None, Some(facts)),
        };
        let notices = hidden(&notices, redactor);
        Outcome { decision, audit, unlogged, notices, deferred_tasks, rule, waited }
    }

    /// Makes the explanation of a decision.
    pub(super) fn explanation(
        self,
        decision: Result<Grant, Denial>,
        request: &AuthRequest<'_>,
        logging: Logging<'_>,
        now: Timestamp,
    ) -> Explanation {
        let Logging { policy, redactor, .. } = logging;
        let decision = Decision::of(decision, redactor);
        let Self { facts, checks, notices, .. } = self;
        let audit = RequestFacts::new(facts, request, now).event(&decision, policy, redactor);
        let notices = hidden(&notices, redactor);
        Explanation { decision, audit, checks: checks.unwrap_or_default(), notices }
    }
}

fn hidden(notices: &[String], redactor: &Redactor) -> Vec<String> {
    notices.iter().map(|notice| redactor.hide(notice, MAX_REASON)).collect()
}

/// Waits for `work`, and adds to `waited` how long that took. The work is boxed: most requests wait
/// for nothing, and their futures should not have room for it.
pub(super) async fn wait_for<P: Platform, W: Future<Output: MaybeSend> + MaybeSend>(
    platform: &P,
    work: W,
    waited: &mut Duration,
) -> W::Output {
    let (done, took) = platform.timed(Box::pin(work)).await;
    *waited = waited.saturating_add(took);
    done
}
