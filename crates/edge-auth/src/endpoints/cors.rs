//! Cross-origin requests (the Fetch standard, section 3.2): answered only where a rule says `cors`.

use edge_auth_token::Timestamp;

use crate::gate::{Gate, Outcome};
use crate::platform::Platform;
use crate::policy::{Cors, Rule};
use crate::reply::Reply;
use crate::request::{AuthRequest, Headers, is_token};

impl<P: Platform> Gate<P> {
    /// The answer to a preflight, if it is one and the rule of the request that would follow allows
    /// its origin. Any other `OPTIONS` is a request like all others.
    pub(super) fn preflight(
        &self,
        request: &AuthRequest<'_>,
        now: Timestamp,
    ) -> Option<(Reply, Outcome)> {
        if request.method != "OPTIONS" {
            return None;
        }
        let text = |name| {
            request
                .headers
                .single(name)
                .ok()
                .flatten()
                .and_then(|value| std::str::from_utf8(value).ok())
        };
        let method = text("access-control-request-method").filter(|method| is_token(method))?;
        let announced = AuthRequest { method, ..*request };
        let (rule, mut outcome) = self.match_only(&announced, now)?;
        // What is answered is the question, and not the request that it announces.
        outcome.audit.method = request.method.to_owned();
        outcome.audit.action = Some("preflight".to_owned());
        let cors = rule.cors.as_ref()?;
        let origin = allowed_origin(cors, request.headers)?;
        let mut reply = Reply::empty(204);
        let mut field = |name: &str, value: String| reply.headers.push((name.to_owned(), value));
        field("Access-Control-Allow-Origin", origin.to_owned());
        field("Access-Control-Allow-Methods", method.to_owned());
        if !cors.headers.is_empty() {
            field("Access-Control-Allow-Headers", cors.headers.join(", "));
        }
        if cors.credentials {
            field("Access-Control-Allow-Credentials", "true".to_owned());
        }
        if let Some(max_age) = cors.max_age {
            field("Access-Control-Max-Age", max_age.as_secs().to_string());
        }
        field("Vary", "Origin".to_owned());
        Some((reply, outcome))
    }
}

/// What a response of this rule carries for the page that asked, if its origin is allowed.
pub(crate) fn response_fields(rule: Option<&Rule>, headers: Headers<'_>) -> Vec<(String, String)> {
    let Some(cors) = rule.and_then(|rule| rule.cors.as_ref()) else {
        return Vec::new();
    };
    let mut fields = vec![("Vary".to_owned(), "Origin".to_owned())];
    if let Some(origin) = allowed_origin(cors, headers) {
        fields.push(("Access-Control-Allow-Origin".to_owned(), origin.to_owned()));
        if cors.credentials {
            fields.push(("Access-Control-Allow-Credentials".to_owned(), "true".to_owned()));
        }
        if !cors.expose.is_empty() {
            fields.push(("Access-Control-Expose-Headers".to_owned(), cors.expose.join(", ")));
        }
    }
    fields
}

/// Origins are compared whole, and the policy's own text is what is answered.
fn allowed_origin<'c>(cors: &'c Cors, headers: Headers<'_>) -> Option<&'c str> {
    let origin = headers.single("origin").ok().flatten()?;
    cors.origins.iter().map(String::as_str).find(|allowed| allowed.as_bytes() == origin)
}
