//! Checks requests that ask to change the protocol of their connection.
//!
//! A gateway forwards an upgrade to `websocket` only. A proxy that asks the gate forwards every
//! upgrade, and describes it in part: nginx and Traefik leave out `Upgrade`, and send the rest of a
//! WebSocket's handshake.

use crate::denial::{Code, Denial};
use crate::policy::Rule;
use crate::request::{AuthRequest, Headers};

/// Fields that every WebSocket handshake has (RFC 6455, section 4.2.1).
const HANDSHAKE: [&str; 2] = ["sec-websocket-key", "sec-websocket-version"];

/// Refuses an upgrade that the rule does not allow.
pub(super) fn check_upgrade(rule: &Rule, request: &AuthRequest<'_>) -> Result<(), Denial> {
    if wants_websocket(request) && !rule.upgrade {
        return Err(Denial::new(Code::UpgradeNotAllowed, "the rule does not say `upgrade = true`"));
    }
    // Requests inside an upgraded HTTP/2 connection would reach the API without a decision.
    if is_described_by_proxy(request) && protocols(request).any(|protocol| !is_websocket(protocol))
    {
        return Err(Denial::new(
            Code::UpgradeNotAllowed,
            "the proxy would upgrade to another protocol than `websocket`",
        ));
    }
    Ok(())
}

/// Returns whether the request asks for a WebSocket.
pub(super) fn wants_websocket(request: &AuthRequest<'_>) -> bool {
    protocols(request).any(is_websocket)
        || (!request.path_rewritten && begins_handshake(request.headers))
}

fn begins_handshake(headers: Headers<'_>) -> bool {
    HANDSHAKE.iter().any(|name| headers.all(name).next().is_some())
}

/// Returns whether a trusted proxy describes the request and forwards it itself.
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
