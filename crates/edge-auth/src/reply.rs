//! What a face answers: a status, fields and a body, for the host to send as they are.

use serde::Serialize;

use crate::denial::{Code, Denial};
use crate::gate::{Decision, Gate, Outcome};
use crate::platform::Platform;
use crate::policy::{Named, Rule};

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

    /// A field's first value, by its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.headers.iter();
        fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    fn problem(status: u16, code: Code) -> Self {
        /// RFC 9457, section 3.1, with our code as an extension member (section 3.2).
        #[derive(Serialize)]
        struct Problem {
            r#type: String,
            title: &'static str,
            status: u16,
            code: Code,
        }
        let r#type = format!("urn:edge-auth:denial:{}", code.name());
        let problem = Problem { r#type, title: code.title(), status, code };
        Self::typed(status, "application/problem+json", &problem)
    }

    fn typed(status: u16, content_type: &str, body: &impl Serialize) -> Self {
        // These are our own plain structures: nothing in them fails to be written.
        let body = serde_json::to_vec(body).unwrap_or_default();
        let headers = vec![("Content-Type".to_owned(), content_type.to_owned()), no_store()];
        Self { status, headers, body }
    }
}

fn no_store() -> (String, String) {
    ("Cache-Control".to_owned(), "no-store".to_owned())
}

impl<P: Platform> Gate<P> {
    /// The answer to a refused request: problem+json and the challenges that are due. `None` if it
    /// was allowed.
    pub fn refusal(&self, outcome: &Outcome) -> Option<Reply> {
        let Decision::Deny(denial) = &outcome.decision else {
            return None;
        };
        let mut reply = Reply::denied(denial);
        reply
            .headers
            .extend(self.challenges(outcome).into_iter().map(|value| ("WWW-Authenticate".to_owned(), value)));
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
        let bearer = named.iter().any(|one| matches!(one, Named::Jwt(_)));
        let api_key = named.iter().any(|one| matches!(one, Named::Key(_)));
        let bearer = bearer.then(|| bearer_challenge(realm, code, Some(rule)));
        let api_key = api_key.then(|| format!("ApiKey realm=\"{realm}\""));
        let challenges: Vec<_> = bearer.into_iter().chain(api_key).collect();
        // A 401 has a challenge. No scheme is registered for certificates, which are no field.
        if challenges.is_empty() { vec![format!("ClientCertificate realm=\"{realm}\"")] } else { challenges }
    }
}

fn bearer_challenge(realm: &str, code: Code, rule: Option<&Rule>) -> String {
    let mut challenge = format!("Bearer realm=\"{realm}\"");
    if let Some(error) = code.bearer_error() {
        challenge.push_str(&format!(", error=\"{error}\", error_description=\"{}\"", code.title()));
    }
    // Scopes have no `"` and no `\`, so they need no quoting beyond the quotes.
    let scopes = rule.map(|rule| &rule.scopes).filter(|scopes| !scopes.is_empty());
    if let Some(scopes) = scopes
        && matches!(code, Code::ScopeInsufficient | Code::CredentialMissing)
    {
        challenge.push_str(&format!(", scope=\"{}\"", scopes.wanted()));
    }
    challenge
}
