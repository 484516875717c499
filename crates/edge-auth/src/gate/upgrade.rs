//! Whether a request asks to change the protocol of its connection, and whether it may.
//!
//! A gateway passes on an upgrade to `websocket` and no other. A proxy that asks passes on whatever
//! its client asks for, and tells of it only in part: nginx and Traefik leave `Upgrade` out of
//! their question, and send the rest of a WebSocket's handshake.

use crate::denial::{Code, Denial};
use crate::policy::Rule;
use crate::request::AuthRequest;

/// Fields without which no WebSocket is opened (RFC 6455, section 4.2.1).
const HANDSHAKE: [&str; 2] = ["sec-websocket-key", "sec-websocket-version"];

/// Refuses an upgrade that the rule does not allow.
pub(super) fn check_upgrade(rule: &Rule, request: &AuthRequest<'_>) -> Result<(), Denial> {
    if wants_websocket(request) && !rule.upgrade {
        return Err(Denial::new(Code::UpgradeNotAllowed, "the rule does not say `upgrade = true`"));
    }
    // Whoever may tunnel HTTP/2 or anything else to the API is asked about no more requests.
    if is_described_by_proxy(request) && protocols(request).any(|protocol| !is_websocket(protocol))
    {
        return Err(Denial::new(
            Code::UpgradeNotAllowed,
            "the proxy would upgrade to another protocol than `websocket`",
        ));
    }
    Ok(())
}

pub(super) fn wants_websocket(request: &AuthRequest<'_>) -> bool {
    let begins_handshake =
        || HANDSHAKE.iter().any(|name| request.headers.all(name).next().is_some());
    protocols(request).any(is_websocket) || (!request.path_rewritten && begins_handshake())
}

/// Whether it goes on by somebody else's hands, who is trusted to describe it.
fn is_described_by_proxy(request: &AuthRequest<'_>) -> bool {
    request.proxy_trusted && !request.path_rewritten
}

fn protocols<'a>(request: &AuthRequest<'a>) -> impl Iterator<Item = &'a [u8]> {
    let listed = request.headers.all("upgrade").flat_map(|field| field.split(|byte| *byte == b','));
    listed.map(|protocol| protocol.trim_ascii()).filter(|protocol| !protocol.is_empty())
}

fn is_websocket(protocol: &[u8]) -> bool {
    protocol.eq_ignore_ascii_case(b"websocket")
}
