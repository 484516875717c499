//! An answer as JavaScript gets it: one string, one crossing.

use edge_auth::{AuditEvent, Reply};
use edge_auth_cloudflare::answer_text;
use serde::Serialize;

/// An answer. Its text is two lines of JSON: the audit event, if there is one, and the reply.
pub(crate) struct ControlResponse {
    pub(crate) audit: Option<AuditEvent>,
    reply: Reply,
    /// Warnings for the operator.
    pub(crate) notices: Vec<String>,
}

/// The second line.
#[derive(Serialize)]
struct Instruction<'a> {
    status: u16,
    headers: &'a [(String, String)],
    body: &'a str,
    notices: &'a [String],
}

impl ControlResponse {
    pub(crate) fn of(reply: Reply) -> Self {
        Self { audit: None, reply, notices: Vec::new() }
    }

    /// Returns the text for JavaScript.
    pub(crate) fn written(&self) -> String {
        let Reply { status, headers, body } = &self.reply;
        // The bodies of replies are JSON.
        let body = std::str::from_utf8(body).unwrap_or_default();
        let instruction = Instruction { status: *status, headers, body, notices: &self.notices };
        answer_text(self.audit.as_ref(), &instruction)
    }
}
