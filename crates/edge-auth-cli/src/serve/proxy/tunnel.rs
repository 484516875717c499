//! WebSocket: two connections that become one, where the rule says so.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use edge_auth::Grant;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, UPGRADE};
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Version};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::age::reached;
use crate::serve::active_request::ActiveRequest;

/// A client's connection that becomes a tunnel if the upstream agrees.
pub(super) struct Waiting {
    client: OnUpgrade,
    /// The request is under way as long as the tunnel is open.
    request: Option<Arc<ActiveRequest>>,
}

impl Waiting {
    /// Of a request that asks for what the rule allows (RFC 6455, section 4.1).
    pub(super) fn of(request: &mut Request<Incoming>, grant: &Grant) -> Option<Self> {
        let active = request.extensions().get().map(Arc::clone);
        wanted(request, grant).then(|| Self { client: hyper::upgrade::on(request), request: active })
    }

    /// Carries bytes both ways until one side ends, until the rule's `max_response_age`, or until the
    /// connection has to go because others need its place. Without an age it outlives the credential
    /// that opened it.
    pub(super) fn join(self, upstream: OnUpgrade, end: Option<Instant>) {
        tokio::spawn(async move {
            let Self { client, request } = self;
            let Some(request) = request else { return };
            // How it ends is between the two of them.
            tokio::select! {
                () = carry(client, upstream, &request) => {}
                () = request.evicted() => {}
                () = reached(end) => {}
            }
        });
    }
}

async fn carry(client: OnUpgrade, upstream: OnUpgrade, request: &ActiveRequest) {
    let Ok((client, upstream)) = tokio::try_join!(client, upstream) else {
        return;
    };
    request.becomes_tunnel();
    let mut client = Noting { stream: TokioIo::new(client), request };
    let _ = tokio::io::copy_bidirectional(&mut client, &mut TokioIo::new(upstream)).await;
}

/// The client's end of a tunnel, which notes when bytes last went through it.
struct Noting<'a, S> {
    stream: S,
    request: &'a ActiveRequest,
}

impl<S> Noting<'_, S> {
    fn note<T>(&self, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.request.wants_body();
        }
        polled
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Noting<'_, S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.note(polled)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Noting<'_, S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.note(polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

fn wanted(request: &Request<Incoming>, grant: &Grant) -> bool {
    let lists = |name, wanted: &str| {
        let values = request.headers().get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|one| one.trim().eq_ignore_ascii_case(wanted))
    };
    grant.upstream.upgrade
        && request.method() == Method::GET
        && request.version() == Version::HTTP_11
        && lists(UPGRADE, "websocket")
        && lists(CONNECTION, "upgrade")
}
