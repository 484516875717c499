//! The answer of an endpoint: a status, fields and a body, which the host sends as they are.

use serde::Serialize;

use crate::denial::{Code, Denial};

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
    /// Makes a reply without a body.
    pub fn empty(status: u16) -> Self {
        Self { status, headers: vec![no_store()], body: Vec::new() }
    }

    /// Makes a reply with a JSON body. Caches must not store it, like any reply of the gate.
    pub fn json(status: u16, body: &impl Serialize) -> Self {
        Self::typed(status, "application/json", body)
    }

    /// Makes a refusal to which no rule belongs.
    pub fn denied(denial: &Denial) -> Self {
        Self::problem(denial.code.status(), denial.code)
    }

    /// Makes the answer of `/healthz`: the host runs.
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

    /// Refuses a method, and names those that are `allowed` (RFC 9110, section 15.5.6).
    pub fn method_not_allowed(allowed: &str) -> Self {
        let mut reply = Self::host_error(405, &format!("Ask with {allowed}."));
        reply.headers.push(("Allow".to_owned(), allowed.to_owned()));
        reply
    }

    /// Makes an error of the host, from before an endpoint was asked or from after one let the
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

    /// Returns a field's first value, by its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.headers.iter();
        fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Makes a refusal with another status than the code's own. The body has the status that is
    /// sent (RFC 9457, section 3.1.2).
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

    /// Makes a reply with a problem+json body (RFC 9457).
    pub fn problem_json(status: u16, problem: &impl Serialize) -> Self {
        Self::typed(status, PROBLEM, problem)
    }

    fn typed(status: u16, content_type: &str, body: &impl Serialize) -> Self {
        // Our own plain structures always serialize.
        let body = serde_json::to_vec(body).unwrap_or_default();
        let headers = vec![("Content-Type".to_owned(), content_type.to_owned()), no_store()];
        Self { status, headers, body }
    }
}

/// The reason phrases (RFC 9110, section 15) of the statuses with which hosts refuse.
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
