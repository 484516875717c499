//! WebSocket: two connections that become one, where the rule says so.

use edge_auth::Grant;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, UPGRADE};
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Version};
use hyper_util::rt::TokioIo;
use tokio::time::Instant;

use super::age::reached;
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

    /// Carries bytes both ways until one side ends, or until the rule's `max_response_age`. Without one it outlives
    /// the credential that opened it.
    pub(super) fn join(self, upstream: OnUpgrade, end: Option<Instant>) {
        tokio::spawn(async move {
            let Self { client, seat } = self;
            let Ok((client, upstream)) = tokio::try_join!(client, upstream) else {
                return;
            };
            let (mut client, mut upstream) = (TokioIo::new(client), TokioIo::new(upstream));
            tokio::select! {
                // How it ends is between the two of them.
                _ = tokio::io::copy_bidirectional(&mut client, &mut upstream) => {}
                () = reached(end) => {}
            }
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
