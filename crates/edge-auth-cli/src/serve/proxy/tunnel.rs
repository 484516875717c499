//! WebSocket: two connections that become one, where the rule says so.

use edge_auth::Grant;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, UPGRADE};
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Version};
use hyper_util::rt::TokioIo;

/// Whether the request asks for what the rule allows (RFC 6455, section 4.1).
pub(super) fn wanted(request: &Request<Incoming>, grant: &Grant) -> bool {
    let lists = |name, wanted: &str| {
        let values = request.headers().get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|one| one.trim().eq_ignore_ascii_case(wanted))
    };
    grant.forward.upgrade
        && request.method() == Method::GET
        && request.version() == Version::HTTP_11
        && lists(UPGRADE, "websocket")
        && lists(CONNECTION, "upgrade")
}

/// Carries bytes both ways until one side ends. It outlives the credential that opened it.
pub(super) fn join(client: OnUpgrade, upstream: OnUpgrade) {
    tokio::spawn(async move {
        let Ok((client, upstream)) = tokio::try_join!(client, upstream) else {
            return;
        };
        // How it ends is between the two of them.
        let _ = tokio::io::copy_bidirectional(&mut TokioIo::new(client), &mut TokioIo::new(upstream)).await;
    });
}
