//! What an endpoint answers: a status, fields and a body, for the host to send as they are.

use serde::Serialize;

use crate::denial::{Code, Denial};
use crate::gate::{Decision, Gate, Outcome};
use crate::platform::Platform;
use crate::policy::{CredentialRef, Rule};

/// RFC 9457, section 3.
const PROBLEM: &str = "application/problem+json";

/// An answer. A host adds only what its transport needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The fields, repeated ones repeated.
    pub headers: Vec<(String, String)>,
    /// The body; may be empty.
    pub body: Vec<u8>,
}

impl Reply {
    /// Without a body.
    pub fn empty(status: u16) -> Self {
        Self { status, headers: vec![no_store()], body: Vec::new() }
    }

    /// With a JSON body. Nothing of the gate's is to be kept by a cache.
    pub fn json(status: u16, body: &impl Serialize) -> Self {
        Self::typed(status, "application/json", body)
    }

    /// A refusal that no rule is part of.
    pub fn denied(denial: &Denial) -> Self {
        Self::problem(denial.code.status(), denial.code)
    }

    /// The answer of `/healthz`: the host stands.
    pub fn health(method: &str) -> Self {
        #[derive(Serialize)]
        struct Health {
            status: &'static str,
        }
        match method {
            "GET" | "HEAD" => Self::json(200, &Health { status: "ok" }),
            _ => Self::method_not_allowed("GET, HEAD"),
        }
    }

    /// A refusal of a method where only `allowed` ones are answered (RFC 9110, section 15.5.6).
    pub fn method_not_allowed(allowed: &str) -> Self {
        let mut reply = Self::host_error(405, &format!("Ask with {allowed}."));
        reply.headers.push(("Allow".to_owned(), allowed.to_owned()));
        reply
    }

    /// A refusal of the host's own, before an endpoint of the gate was asked or after one let the
    /// request pass (RFC 9457, section 4.2.1).
    pub fn host_error(status: u16, detail: &str) -> Self {
        #[derive(Serialize)]
        struct HostProblem<'a> {
            r#type: &'static str,
            title: &'static str,
            status: u16,
            detail: &'a str,
        }
        let body =
            HostProblem { r#type: "about:blank", title: reason_phrase(status), status, detail };
        Self::typed(status, PROBLEM, &body)
    }

    /// A field's first value, by its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.headers.iter();
        fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// A refusal whose status is not the code's own: the body says what is sent (RFC 9457, section
    /// 3.1.2).
    pub(crate) fn problem(status: u16, code: Code) -> Self {
        /// RFC 9457, section 3.1, with our code as an extension member (section 3.2).
        #[derive(Serialize)]
        struct DenialProblem {
            r#type: String,
            title: &'static str,
            status: u16,
            code: Code,
        }
        let r#type = format!("urn:edge-auth:denial:{}", code.name());
        let problem = DenialProblem { r#type, title: code.title(), status, code };
        Self::typed(status, PROBLEM, &problem)
    }

    fn typed(status: u16, content_type: &str, body: &impl Serialize) -> Self {
        // These are our own plain structures: nothing in them fails to be written.
        let body = serde_json::to_vec(body).unwrap_or_default();
        let headers = vec![("Content-Type".to_owned(), content_type.to_owned()), no_store()];
        Self { status, headers, body }
    }
}

/// RFC 9110, section 15: of the statuses that hosts refuse with.
fn reason_phrase(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Content Too Large",
        431 => "Request Header Fields Too Large",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Error",
    }
}

fn no_store() -> (String, String) {
    ("Cache-Control".to_owned(), "no-store".to_owned())
}

impl<P: Platform> Gate<P> {
    /// The answer to a refused request: problem+json and the challenges that are due. `None` if it
    /// was allowed.
    pub fn refusal(&self, outcome: &Outcome) -> Option<Reply> {
        self.refusal_as(outcome.code()?.status(), outcome)
    }

    /// The same where the host's status is another than the code's.
    pub(crate) fn refusal_as(&self, status: u16, outcome: &Outcome) -> Option<Reply> {
        let Decision::Deny(denial) = &outcome.decision else {
            return None;
        };
        let mut reply = Reply::problem(status, denial.code);
        reply.headers.extend(
            self.challenges(outcome)
                .into_iter()
                .map(|value| ("WWW-Authenticate".to_owned(), value)),
        );
        Some(reply)
    }

    /// The `WWW-Authenticate` values for a refusal: one for each scheme that the rule accepts
    /// (RFC 9110, section 11.6.1; RFC 6750, section 3).
    pub fn challenges(&self, outcome: &Outcome) -> Vec<String> {
        let Some(code) = outcome.code().filter(|code| code.is_challenged()) else {
            return Vec::new();
        };
        let realm = &self.policy.realm;
        let Some(rule) = self.rule_of(outcome) else {
            // No rule was asked: it was the bootstrap secret, and it was wrong.
            return vec![bearer_challenge(realm, code, None)];
        };
        let named = rule.access.named();
        let bearer = named.iter().any(|one| matches!(one, CredentialRef::Jwt(_)));
        let api_key = named.iter().any(|one| matches!(one, CredentialRef::Key(_)));
        let bearer = bearer.then(|| bearer_challenge(realm, code, Some(rule)));
        let api_key = api_key.then(|| format!("ApiKey realm=\"{realm}\""));
        let challenges: Vec<_> = bearer.into_iter().chain(api_key).collect();
        // A 401 has a challenge. No scheme is registered for certificates, which are no field.
        if challenges.is_empty() {
            vec![format!("ClientCertificate realm=\"{realm}\"")]
        } else {
            challenges
        }
    }
}

fn bearer_challenge(realm: &str, code: Code, rule: Option<&Rule>) -> String {
    let mut challenge = format!("Bearer realm=\"{realm}\"");
    if let Some(error) = code.bearer_error() {
        challenge.push_str(&format!(", error=\"{error}\", error_description=\"{}\"", code.title()));
    }
    // `"` and `\` in scopes are percent-encoded, so they need no quoting beyond the quotes.
    let scopes = rule.map(|rule| &rule.scopes).filter(|scopes| !scopes.is_empty());
    if let Some(scopes) = scopes
        && matches!(code, Code::ScopeInsufficient | Code::CredentialMissing)
    {
        challenge.push_str(&format!(", scope=\"{}\"", scopes.wanted()));
    }
    challenge
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_is_asked_for_with_get() {
        assert_eq!(Reply::health("GET").body, br#"{"status":"ok"}"#);
        assert_eq!(Reply::health("HEAD").status, 200);
        let refused = Reply::health("POST");
        assert_eq!((refused.status, refused.header("allow")), (405, Some("GET, HEAD")));
    }

    #[test]
    fn trouble_of_the_host_is_a_problem_without_a_code() {
        let reply = Reply::host_error(413, "The body is too large.");
        assert_eq!(reply.header("content-type"), Some("application/problem+json"));
        let body = br#"{"type":"about:blank","title":"Content Too Large","status":413,"detail":"The body is too large."}"#;
        assert_eq!(reply.body, body);
    }
}
