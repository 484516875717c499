//! The answer to a refused request: problem+json and the challenges that are due.

use edge_auth_token::Timestamp;

use crate::denial::{Code, Denial};
use crate::gate::{Decision, Gate, Outcome};
use crate::platform::Platform;
use crate::policy::{CredentialRef, Rule};
use crate::reply::Reply;
use crate::request::InboundRequest;

/// Returns the answer to a refused request; `None` if the request may pass.
pub fn refusal<P: Platform>(gate: &Gate<P>, outcome: &Outcome) -> Option<Reply> {
    match &outcome.decision {
        Decision::Allow(_) => None,
        Decision::Deny(denial) => Some(refusal_as(gate, outcome, denial, denial.code.status())),
    }
}

/// Returns the answer where the status differs from the code's own.
pub(super) fn refusal_as<P: Platform>(
    gate: &Gate<P>,
    outcome: &Outcome,
    denial: &Denial,
    status: u16,
) -> Reply {
    let mut reply = Reply::problem(status, denial.code);
    for challenge in challenges(gate, outcome) {
        reply.headers.push(("WWW-Authenticate".to_owned(), challenge));
    }
    reply
}

/// Refuses a request about which nothing is decided, for a reason of the endpoint or the host.
pub(super) fn refuse<P: Platform>(
    gate: &Gate<P>,
    inbound: &InboundRequest<'_>,
    denial: Denial,
    now: Timestamp,
) -> (Reply, Outcome) {
    let reply = Reply::denied(&denial);
    (reply, gate.refuse(&inbound.as_request(inbound.peer), denial, now))
}

/// Returns the `WWW-Authenticate` values for a refusal: one for each scheme that the rule accepts
/// (RFC 9110, section 11.6.1; RFC 6750, section 3).
pub(super) fn challenges<P: Platform>(gate: &Gate<P>, outcome: &Outcome) -> Vec<String> {
    let Some(code) = outcome.code().filter(|code| code.is_challenged()) else {
        return Vec::new();
    };
    let realm = &gate.policy().realm;
    let Some(rule) = gate.rule_of(outcome) else {
        // No rule matched: the bootstrap secret was presented, and it was wrong.
        return vec![bearer_challenge(realm, code, None)];
    };
    let (mut takes_tokens, mut takes_keys) = (false, false);
    for named in rule.access.named() {
        match named {
            CredentialRef::Jwt(_) => takes_tokens = true,
            CredentialRef::Key(_) => takes_keys = true,
            CredentialRef::Cert(_) => {}
        }
    }
    let mut challenges = Vec::new();
    if takes_tokens {
        challenges.push(bearer_challenge(realm, code, Some(rule)));
    }
    if takes_keys {
        challenges.push(format!("ApiKey realm=\"{realm}\""));
    }
    if challenges.is_empty() {
        // A 401 needs a challenge. No scheme is registered for certificates, which are not sent in
        // a field.
        challenges.push(format!("ClientCertificate realm=\"{realm}\""));
    }
    challenges
}

fn bearer_challenge(realm: &str, code: Code, rule: Option<&Rule>) -> String {
    let mut challenge = format!("Bearer realm=\"{realm}\"");
    if let Some(error) = code.bearer_error() {
        challenge.push_str(&format!(", error=\"{error}\", error_description=\"{}\"", code.title()));
    }
    // `"` and `\` in scopes are percent-encoded, so they need no quoting beyond the quotes.
    if let Some(rule) = rule
        && !rule.scopes.is_empty()
        && matches!(code, Code::ScopeInsufficient | Code::CredentialMissing)
    {
        challenge.push_str(&format!(", scope=\"{}\"", rule.scopes.wanted()));
    }
    challenge
}
