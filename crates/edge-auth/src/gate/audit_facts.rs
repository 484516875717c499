//! What an audit event says, before it is text.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use edge_auth_token::Timestamp;

use super::outcome::Decision;
use crate::audit::AuditEvent;
use crate::certificate::Thumbprint;
use crate::hexadecimal::to_hex;
use crate::policy::Policy;
use crate::principal::{Principal, PrincipalKind};
use crate::redact::{MAX_HOST, MAX_METHOD, MAX_PATH, MAX_REFUSED_PATH, Redactor};
use crate::request::AuthRequest;
use crate::route::{Host, NormalPath};

/// The facts of a decision. They are cheap to gather: nothing is formatted or redacted yet.
#[derive(Debug, Clone, Default)]
pub(crate) struct AuditFacts {
    pub host: Option<Host>,
    /// `None` for a path that was refused.
    pub path: Option<NormalPath>,
    /// The index of the rule that matched.
    pub rule: Option<usize>,
    pub caller: Option<Caller>,
    pub certificate: Option<Thumbprint>,
    /// A check that could not be made, where the rule lets the request pass all the same.
    pub warning: Option<String>,
}

/// Whoever was verified.
#[derive(Debug, Clone)]
pub(crate) enum Caller {
    Principal(Arc<Principal>),
    Bootstrap,
}

/// The facts of a decision, and those of its request.
#[derive(Debug, Clone)]
pub(crate) struct RequestFacts {
    time: Timestamp,
    method: Cow<'static, str>,
    /// The beginning of a path that was refused, as it was sent: a little more than is logged.
    raw_path: String,
    client_ip: Option<IpAddr>,
    facts: AuditFacts,
}

impl RequestFacts {
    pub(super) fn new(facts: AuditFacts, request: &AuthRequest<'_>, time: Timestamp) -> Self {
        let raw_path = match facts.path {
            Some(_) => String::new(),
            None => {
                // The query may hold secrets, so it is never logged.
                let path = request.target.split(['?', '#']).next().unwrap_or_default();
                beginning(path, MAX_REFUSED_PATH).to_owned()
            }
        };
        Self { time, method: method(request.method), raw_path, client_ip: request.client_ip, facts }
    }

    /// Returns whether the log must have the event, even where only a share is logged.
    pub(super) fn has_warning(&self) -> bool {
        self.facts.warning.is_some()
    }

    /// Makes the event. Redacts everything that a client may have written.
    pub(super) fn event(
        self,
        decision: &Decision,
        policy: &Policy,
        redactor: &Redactor,
    ) -> AuditEvent {
        let AuditFacts { host, path, rule, caller, certificate, warning } = self.facts;
        let (principal, kind, tenant) = match &caller {
            Some(Caller::Principal(principal)) => {
                let (id, tenant) = principal.logged(redactor);
                (Some(id), Some(principal.kind), tenant)
            }
            Some(Caller::Bootstrap) => {
                (Some("admin:bootstrap"), Some(PrincipalKind::Bootstrap), None)
            }
            None => (None, None, None),
        };
        let denial = match decision {
            Decision::Allow(_) => None,
            Decision::Deny(denial) => Some(denial),
        };
        AuditEvent {
            time: self.time,
            policy: policy.digest(),
            allowed: denial.is_none(),
            weight: None,
            code: denial.map(|denial| denial.code),
            reason: denial.map(|denial| denial.reason.clone()),
            rule: rule.and_then(|index| policy.rules.get(index)).map(|rule| rule.name.clone()),
            method: redactor.excerpt(&self.method, MAX_METHOD),
            host: host.map(|host| redactor.hide(&host.to_string(), MAX_HOST)),
            path: match path {
                Some(path) => redactor.hide(&path.forwarded(), MAX_PATH),
                None => redactor.excerpt(&self.raw_path, MAX_REFUSED_PATH),
            },
            client_ip: self.client_ip,
            principal: principal.map(str::to_owned),
            tenant: tenant.map(str::to_owned),
            kind,
            certificate: certificate.map(|thumbprint| to_hex(&thumbprint)),
            warning,
            action: None,
            key: None,
            revocation: None,
            error: None,
        }
    }
}

/// Keeps a method: a usual one without a copy, of another one a little more than is logged.
fn method(method: &str) -> Cow<'static, str> {
    const USUAL: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    match USUAL.iter().find(|usual| **usual == method) {
        Some(usual) => Cow::Borrowed(usual),
        None => Cow::Owned(beginning(method, MAX_METHOD).to_owned()),
    }
}

/// Returns a little more than the first `most` bytes, so that a cut can be seen.
fn beginning(text: &str, most: usize) -> &str {
    text.get(..text.ceil_char_boundary(most + 1)).unwrap_or_default()
}
