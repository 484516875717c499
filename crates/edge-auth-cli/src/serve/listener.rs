//! Accepts connections and answers requests on them, within limits of size and time.

use std::convert::Infallible;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::body::Body;
use super::patient::Patient;
use crate::failure::Failure;

/// The longest request line and header section, in bytes; a longer one is answered with 431.
const MAX_HEAD_BYTES: u32 = 64 * 1024;
/// The most header fields.
const MAX_FIELDS: usize = 128;
/// How long a client may take over a head, how long a connection may be idle, and how long an answer
/// may wait to be taken.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How many connections are open at once at most; more wait to be accepted.
const MAX_CONNECTIONS: u64 = 8192;
/// Descriptors that are kept for the store, logs and fetches.
const RESERVED_FILES: u64 = 32;
/// How many requests one HTTP/2 connection may have under way.
const MAX_STREAMS: u32 = 128;
/// How long requests that are under way may take to end at a shutdown.
const DRAIN: Duration = Duration::from_secs(10);

/// Takes the port, or says why it cannot be had.
pub(crate) async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        let why = match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                "another program listens there: stop it, or choose another port with --listen".to_owned()
            }
            std::io::ErrorKind::PermissionDenied => {
                "that is not permitted: ports below 1024 are for root, choose another with --listen"
                    .to_owned()
            }
            std::io::ErrorKind::AddrNotAvailable => "this machine has no such address".to_owned(),
            _ => error.to_string(),
        };
        Failure::trouble(format!("cannot listen on {address}: {why}"))
    })
}

/// Answers requests with `handler` until `stop` is ready; then lets those under way end.
pub(crate) async fn serve<H, F>(listener: TcpListener, handler: H, stop: impl Future<Output = ()>)
where
    H: Fn(Request<Incoming>, IpAddr) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let protocol = protocol();
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(max_connections()));
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &room) => accepted,
            () = &mut stop => break,
        };
        let (stream, peer, permit) = accepted;
        let handler = handler.clone();
        let answer = service_fn(move |request| {
            let answer = handler(request, peer);
            async move { Ok::<_, Infallible>(answer.await) }
        });
        let io = TokioIo::new(Patient::within(HEAD_TIMEOUT, stream));
        let connection = protocol.serve_connection_with_upgrades(io, answer).into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // How a connection ends is the client's business; what it asked was answered and logged.
            let _ = connection.await;
            drop(permit);
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(DRAIN, graceful.shutdown()).await;
}

/// As many as there are descriptors for: a connection has one, and its way upstream another.
fn max_connections() -> usize {
    let files = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let pairs = files.map_or(MAX_CONNECTIONS, |files| files.saturating_sub(RESERVED_FILES) / 2);
    usize::try_from(pairs.clamp(1, MAX_CONNECTIONS)).unwrap_or(1)
}

fn protocol() -> auto::Builder<TokioExecutor> {
    let mut protocol = auto::Builder::new(TokioExecutor::new());
    protocol
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD_BYTES as usize)
        .max_headers(MAX_FIELDS);
    protocol
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(HEAD_TIMEOUT)
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEAD_BYTES);
    protocol
}

/// The next connection, once there is room for it. Trouble with one connection, or too many open
/// files, never ends the loop.
async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> (TcpStream, IpAddr, Option<tokio::sync::OwnedSemaphorePermit>) {
    let permit = Arc::clone(room).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Small answers should not wait for more to come.
                let _ = stream.set_nodelay(true);
                return (stream, peer.ip(), permit);
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}
