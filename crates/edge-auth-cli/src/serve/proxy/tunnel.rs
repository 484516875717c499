//! WebSocket tunnels, where the rule allows them.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use edge_auth::Grant;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderName, UPGRADE};
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Version};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional};
use tokio::time::{Instant, sleep_until};

use super::age::reached;
use crate::serve::active_request::ActiveRequest;

/// The time that a tunnel may be quiet.
const QUIET: Duration = Duration::from_secs(600);
/// The time that a tunnel may be quiet once one side has ended, and the interval of the check.
const HALF_CLOSED: Duration = Duration::from_secs(30);

/// A client's connection that becomes a tunnel if the upstream agrees.
pub(super) struct Waiting {
    client: OnUpgrade,
    /// Held while the tunnel is open, so that it counts as a request under way.
    request: Option<Arc<ActiveRequest>>,
}

impl Waiting {
    /// Prepares a tunnel for a request that asks for one and whose rule allows it (RFC 6455,
    /// section 4.1).
    pub(super) fn of(request: &mut Request<Incoming>, grant: &Grant) -> Option<Self> {
        let active = request.extensions().get().map(Arc::clone);
        if !wanted(request, grant) {
            return None;
        }
        Some(Self { client: hyper::upgrade::on(request), request: active })
    }

    /// Carries bytes both ways until both sides end, the tunnel is quiet for too long, it reaches
    /// the rule's `max_response_age`, or its connection is evicted to make room. Without that age
    /// it outlives the credential that opened it.
    pub(super) fn join(self, upstream: OnUpgrade, end: Option<Instant>) {
        tokio::spawn(async move {
            let Self { client, request } = self;
            let Some(request) = request else { return };
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
    join(TokioIo::new(client), TokioIo::new(upstream), || request.wants_body()).await;
}

/// Carries bytes both ways, and calls `moved` whenever some go through.
async fn join<C, U>(client: C, mut upstream: U, moved: impl Fn() + Unpin)
where
    C: AsyncRead + AsyncWrite + Unpin,
    U: AsyncRead + AsyncWrite + Unpin,
{
    let traffic = Traffic(Mutex::new((Instant::now(), QUIET)));
    let mut client = Noting { stream: client, traffic: &traffic, moved };
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut upstream) => {}
        () = traffic.quiet() => {}
    }
}

/// The time of the last bytes in a tunnel, and the time that it may be quiet now.
struct Traffic(Mutex<(Instant, Duration)>);

impl Traffic {
    /// Completes when the tunnel has been quiet for too long.
    async fn quiet(&self) {
        loop {
            let (until, now) = (self.until(), Instant::now());
            if until <= now {
                return;
            }
            // Wakes more often than that, since one side may end meanwhile.
            sleep_until(until.min(now + HALF_CLOSED)).await;
        }
    }

    fn until(&self) -> Instant {
        let (last, limit) = *self.state();
        last + limit
    }

    fn state(&self) -> MutexGuard<'_, (Instant, Duration)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The client's end of a tunnel, which notes all bytes in both directions.
struct Noting<'a, S, M> {
    stream: S,
    traffic: &'a Traffic,
    moved: M,
}

impl<S, M: Fn()> Noting<'_, S, M> {
    /// Notes bytes that went through; 0 means that one side has ended.
    fn note(&self, bytes: usize) {
        let mut state = self.traffic.state();
        state.0 = Instant::now();
        if bytes == 0 {
            state.1 = HALF_CLOSED;
        }
        (self.moved)();
    }
}

impl<S: AsyncRead + Unpin, M: Fn() + Unpin> AsyncRead for Noting<'_, S, M> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if polled.is_ready() {
            self.note(buffer.filled().len() - before);
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin, M: Fn() + Unpin> AsyncWrite for Noting<'_, S, M> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        if let Poll::Ready(Ok(written)) = polled {
            self.note(written);
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_shutdown(context);
        if polled.is_ready() {
            self.note(0);
        }
        polled
    }
}

/// Returns whether a request asks for a WebSocket, and its rule allows one.
fn wanted(request: &Request<Incoming>, grant: &Grant) -> bool {
    grant.upstream.upgrade
        && request.method() == Method::GET
        && request.version() == Version::HTTP_11
        && lists(request, &UPGRADE, "websocket")
        && lists(request, &CONNECTION, "upgrade")
}

/// Returns whether a field's comma-separated values have this one among them.
fn lists(request: &Request<Incoming>, name: &HeaderName, wanted: &str) -> bool {
    let values = request.headers().get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|one| one.trim().eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    /// A client and an upstream with a tunnel between them.
    fn tunnel() -> (DuplexStream, DuplexStream) {
        let ((client, near), (far, upstream)) = (duplex(64), duplex(64));
        tokio::spawn(join(near, far, || {}));
        (client, upstream)
    }

    #[tokio::test(start_paused = true)]
    async fn a_tunnel_that_carries_nothing_is_closed() {
        let (mut client, mut upstream) = tunnel();
        assert_eq!(client.read(&mut [0; 8]).await.unwrap(), 0);
        assert_eq!(upstream.read(&mut [0; 8]).await.unwrap(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_byte_from_either_side_keeps_a_tunnel() {
        let (mut client, mut upstream) = tunnel();
        for _ in 0..4 {
            tokio::time::sleep(QUIET * 3 / 4).await;
            client.write_all(b"a").await.unwrap();
            upstream.read_exact(&mut [0]).await.unwrap();
            tokio::time::sleep(QUIET * 3 / 4).await;
            upstream.write_all(b"b").await.unwrap();
            client.read_exact(&mut [0]).await.unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_side_that_has_ended_leaves_the_other_a_little_time_to_end() {
        for client_ends in [true, false] {
            let (client, upstream) = tunnel();
            let (mut ends, mut stays) =
                if client_ends { (client, upstream) } else { (upstream, client) };
            ends.shutdown().await.unwrap();
            assert_eq!(stays.read(&mut [0; 8]).await.unwrap(), 0);
            stays.write_all(b"rest").await.unwrap();
            ends.read_exact(&mut [0; 4]).await.unwrap();
            let begun = Instant::now();
            assert_eq!(ends.read(&mut [0; 8]).await.unwrap(), 0);
            assert!(begun.elapsed() < QUIET);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_no_bytes_does_not_keep_a_tunnel_open() {
        let (client, mut upstream) = tunnel();
        // The client reads nothing, so that writes fail once the tunnel is closed.
        while upstream.write_all(&[0; 64]).await.is_ok() {}
        drop(client);
    }
}
