//! An answer as JavaScript gets it: one string, one crossing.

use edge_auth::{AuditEvent, Grant, Reply};
use edge_auth_cloudflare::answer_text;
use serde::{Serialize, Serializer};

/// An answer. Its text is two lines of JSON: the audit event, if there is one, and the instruction.
#[derive(Default)]
pub(crate) struct WorkerResponse {
    pub(crate) audit: Option<AuditEvent>,
    instruction: Instruction,
    /// Warnings for the operator.
    pub(crate) notices: Vec<String>,
}

/// What JavaScript has to do.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Instruction {
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<PlainReply>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forward: Option<OriginRequest>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notices: Vec<String>,
}

/// A reply of the gate itself, whose body is text.
#[derive(Serialize)]
struct PlainReply {
    status: u16,
    headers: Fields,
    body: String,
}

/// Fields as an object, which JavaScript makes headers of much faster than of pairs; as pairs where
/// a name is repeated.
struct Fields(Vec<(String, String)>);

impl Fields {
    fn is_repeated(&self) -> bool {
        let mut names = self.0.iter().map(|(name, _)| name).enumerate();
        names.any(|(at, name)| {
            self.0.iter().take(at).any(|(earlier, _)| earlier.eq_ignore_ascii_case(name))
        })
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_repeated() {
            return self.0.serialize(serializer);
        }
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// The request as it goes to the origin, and what changes in the origin's answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OriginRequest {
    target: String,
    remove: Vec<String>,
    set: Vec<(String, String)>,
    respond: Vec<(String, String)>,
    /// The rule says which browser origins may read the answer.
    cors: bool,
    /// The answer is for one principal.
    private: bool,
    upgrade: bool,
    /// The age in milliseconds at which an open answer or WebSocket of the origin is ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_age: Option<u64>,
}

impl WorkerResponse {
    /// Makes the answer from the gate's own reply.
    pub(crate) fn reply(reply: Reply) -> Self {
        let Reply { status, headers, body } = reply;
        let body = String::from_utf8(body).unwrap_or_default();
        let reply = PlainReply { status, headers: Fields(headers), body };
        Self {
            instruction: Instruction { reply: Some(reply), ..Instruction::default() },
            ..Self::default()
        }
    }

    /// Has the origin answer. `forwarded` tells it where the request came from.
    pub(crate) fn forward(grant: Grant, forwarded: edge_auth::endpoints::ForwardedHeaders) -> Self {
        let edge_auth::endpoints::StrippedHeaders { cross_origin: cors, shared_caches: private } =
            grant.stripped_headers();
        let mut set: Vec<(String, String)> = grant
            .fields_to_set()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let edge_auth::UpstreamRequest {
            target,
            mut remove,
            respond,
            upgrade,
            max_response_age,
            ..
        } = grant.upstream;
        remove.extend(forwarded.remove);
        set.extend(forwarded.set);
        let max_age =
            max_response_age.map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX));
        let forward =
            OriginRequest { target, remove, set, respond, cors, private, upgrade, max_age };
        Self {
            instruction: Instruction { forward: Some(forward), ..Instruction::default() },
            ..Self::default()
        }
    }

    /// Returns the text for JavaScript.
    pub(crate) fn written(mut self) -> String {
        self.instruction.notices = self.notices;
        answer_text(self.audit.as_ref(), &self.instruction)
    }
}
