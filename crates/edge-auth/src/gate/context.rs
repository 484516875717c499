//! What the gate gathers while it decides about one request, and how that becomes an outcome.

use std::net::IpAddr;
use std::time::Duration;

use edge_auth_token::Timestamp;

use super::outcome::{Check, CheckResult, Decision, DeferredTask, Grant, Outcome};
use crate::audit::AuditEvent;
use crate::certificate::Thumbprint;
use crate::denial::Denial;
use crate::hexadecimal::to_hex;
use crate::platform::{MaybeSend, Platform};
use crate::policy::{ClientCertPolicy, CredentialRef, Policy, Rule};
use crate::principal::{Principal, PrincipalKind};
use crate::redact::{
    MAX_HOST, MAX_METHOD, MAX_PATH, MAX_PRINCIPAL, MAX_REASON, MAX_REFUSED_PATH, Redactor,
};
use crate::request::AuthRequest;
use crate::route::{Host, NormalPath};

/// What is known so far about a request that is being decided.
pub(crate) struct DecisionContext {
    /// The beginning of the method, as it was sent: a little more than is logged.
    method: String,
    /// The beginning of the path, as it was sent: a little more than is logged of a refused one.
    raw_path: String,
    client_ip: Option<IpAddr>,
    host: Option<String>,
    path: Option<String>,
    rule: Option<(usize, String)>,
    principal: Option<(String, PrincipalKind)>,
    tenant: Option<String>,
    certificate: Option<String>,
    checks: Option<Vec<Check>>,
    pub notices: Vec<String>,
    pub deferred_tasks: Vec<DeferredTask>,
    /// A warning for the audit event of a request that passes.
    pub warning: Option<String>,
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
    pub(super) fn new(request: &AuthRequest<'_>) -> Self {
        // The query may hold secrets, so it is never logged.
        let raw_path = request.target.split(['?', '#']).next().unwrap_or_default();
        Self {
            method: beginning(request.method, MAX_METHOD),
            raw_path: beginning(raw_path, MAX_REFUSED_PATH),
            client_ip: request.client_ip,
            host: None,
            path: None,
            rule: None,
            principal: None,
            tenant: None,
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
        self.tenant = principal.tenant.clone();
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

    /// Makes the outcome. Redacts everything that a client may have written.
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
            tenant: self.tenant.map(|tenant| redactor.hide(&tenant, MAX_PRINCIPAL)),
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

/// Returns a little more than the first `most` bytes, so that a cut can be seen.
fn beginning(text: &str, most: usize) -> String {
    text.get(..text.ceil_char_boundary(most + 1)).unwrap_or_default().to_owned()
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
