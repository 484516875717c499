//! Preflights of cross-origin requests (the Fetch standard, section 3.2.2), which are answered only
//! where a rule says `cors`.

use edge_auth_token::Timestamp;

use crate::cors::allowed_origin;
use crate::gate::{Gate, Outcome};
use crate::platform::Platform;
use crate::reply::Reply;
use crate::request::{AuthRequest, Headers, is_token};

/// Answers a preflight, if the request is one and the rule of the announced request allows its
/// origin. Any other `OPTIONS` is decided like every request.
pub(super) fn preflight<P: Platform>(
    gate: &Gate<P>,
    request: &AuthRequest<'_>,
    now: Timestamp,
) -> Option<(Reply, Outcome)> {
    if request.method != "OPTIONS" {
        return None;
    }
    let method = announced_method(request.headers)?;
    let announced = AuthRequest { method, ..*request };
    let (rule, mut outcome) = gate.match_only(&announced, now)?;
    if let Some(audit) = &mut outcome.audit {
        // The event is about the preflight, and not about the request that it announces.
        audit.method = request.method.to_owned();
        audit.action = Some("preflight".to_owned());
    }
    let cors = rule.cors.as_ref()?;
    let origin = allowed_origin(cors, request.headers)?;
    let mut fields = vec![
        ("Access-Control-Allow-Origin", origin.to_owned()),
        ("Access-Control-Allow-Methods", method.to_owned()),
    ];
    if !cors.headers.is_empty() {
        fields.push(("Access-Control-Allow-Headers", cors.headers.join(", ")));
    }
    if cors.credentials {
        fields.push(("Access-Control-Allow-Credentials", "true".to_owned()));
    }
    if let Some(max_age) = cors.max_age {
        fields.push(("Access-Control-Max-Age", max_age.as_secs().to_string()));
    }
    fields.push(("Vary", "Origin".to_owned()));
    let mut reply = Reply::empty(204);
    reply.headers.extend(fields.into_iter().map(|(name, value)| (name.to_owned(), value)));
    Some((reply, outcome))
}

fn announced_method(headers: Headers<'_>) -> Option<&str> {
    let Ok(Some(method)) = headers.single("access-control-request-method") else { return None };
    let method = std::str::from_utf8(method).ok()?;
    is_token(method).then_some(method)
}
