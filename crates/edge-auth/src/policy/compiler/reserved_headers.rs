//! Checks the names of header fields that a policy chooses: each must mean nothing else.

use super::mistakes::{Compiler, Field};
use crate::identity_headers::fold;
use crate::request::is_token;

/// Fields that have a meaning already. They cannot carry a credential or a secret, and an identity
/// prefix must not strip them.
const RESERVED: [&str; 59] = [
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "access-control-request-headers",
    "access-control-request-method",
    "authorization",
    "cache-control",
    "connection",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "expect",
    "forwarded",
    "from",
    "host",
    "http2-settings",
    "idempotency-key",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "last-event-id",
    "max-forwards",
    "origin",
    "pragma",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "referer",
    "sec-fetch-site",
    "sec-websocket-key",
    "te",
    "traceparent",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "x-edge-auth-client-address",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-method",
    "x-forwarded-proto",
    "x-forwarded-uri",
    "x-original-host",
    "x-original-method",
    "x-original-uri",
    "x-original-url",
    "x-real-ip",
    "x-request-id",
];

/// The names that the policy has chosen so far, each with its purpose.
pub(super) struct CustomHeaders {
    identity: String,
    given: Vec<(String, &'static str)>,
}

impl CustomHeaders {
    /// Makes an empty list beside the identity headers with this prefix.
    pub(super) fn beside(prefix: &str) -> Self {
        Self { identity: fold(prefix).collect(), given: Vec::new() }
    }

    /// Checks a name, and returns it in lower case. `what` is its purpose; two blocks may choose
    /// the same name for the same purpose.
    pub(super) fn name(
        &mut self,
        compiler: &mut Compiler<'_>,
        at: Field,
        name: &str,
        what: &'static str,
    ) -> String {
        let name = name.to_ascii_lowercase();
        let folded = fold(&name).collect::<String>();
        if !is_token(&name) || RESERVED.contains(&folded.as_str()) {
            compiler
                .error(at, &format!("must be a header name that means nothing else: not `{name}`"));
        } else if folded.starts_with(&self.identity) {
            compiler.error(
                at,
                "begins like the identity headers, which are removed from every request",
            );
        } else if let Some((_, other)) =
            self.given.iter().find(|(given, other)| *given == folded && *other != what)
        {
            compiler.error(at, &format!("`{name}` is the header of {other} already"));
        } else {
            self.given.push((folded, what));
        }
        name
    }
}

/// Returns a reserved field that a prefix would strip, if there is one.
pub(super) fn stripped_by(prefix: &str) -> Option<&'static str> {
    let prefix: String = fold(prefix).collect();
    RESERVED.into_iter().find(|taken| taken.starts_with(&prefix))
}
