//! WebSocket: two connections that become one, where the rule says so.

use edge_auth::Grant;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, UPGRADE};
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Version};
use hyper_util::rt::TokioIo;

use crate::serve::listener::Seat;

/// A client's connection that becomes a tunnel if the upstream agrees.
pub(super) struct Waiting {
    client: OnUpgrade,
    /// The connection counts as one as long as the tunnel is open.
    seat: Option<Seat>,
}

impl Waiting {
    /// Of a request that asks for what the rule allows (RFC 6455, section 4.1).
    pub(super) fn of(request: &mut Request<Incoming>, grant: &Grant) -> Option<Self> {
        let seat = request.extensions().get().map(Seat::clone);
        wanted(request, grant).then(|| Self { client: hyper::upgrade::on(request), seat })
    }

    /// Carries bytes both ways until one side ends. It outlives the credential that opened it.
    pub(super) fn join(self, upstream: OnUpgrade) {
        tokio::spawn(async move {
            let Self { client, seat } = self;
            let Ok((client, upstream)) = tokio::try_join!(client, upstream) else {
                return;
            };
            // How it ends is between the two of them.
            let _ =
                tokio::io::copy_bidirectional(&mut TokioIo::new(client), &mut TokioIo::new(upstream)).await;
            drop(seat);
        });
    }
}

fn wanted(request: &Request<Incoming>, grant: &Grant) -> bool {
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
