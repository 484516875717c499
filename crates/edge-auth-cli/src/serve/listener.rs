//! Accepts connections and answers requests on them, within limits of size and time.

use std::convert::Infallible;
use std::future::{Future, ready};
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
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::either::Either;

use super::body::Body;
use super::head::{self, MAX_FIELDS};
use super::patient::Patient;
use super::peer::Peer;
use super::tls::Tls;
use crate::failure::Failure;

/// A connection's place among those that may be open at once. It is in every request's extensions,
/// for what becomes of a connection once HTTP has left it (a WebSocket); the place is free when the
/// last of them is gone.
pub(super) type Seat = Arc<OwnedSemaphorePermit>;

type TlsStream = tokio_rustls::server::TlsStream<Patient<TcpStream>>;

/// The longest request line and header section, in bytes; a longer one is answered with 431.
const MAX_HEAD_BYTES: u32 = 64 * 1024;
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
pub(crate) async fn serve<H, F>(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    handler: H,
    stop: impl Future<Output = ()>,
) where
    H: Fn(Request<Incoming>, Peer) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    serve_within(max_connections(), listener, tls, handler, stop).await;
}

/// As [`serve`], with so many connections at once.
pub(super) async fn serve_within<H, F>(
    connections: usize,
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    handler: H,
    stop: impl Future<Output = ()>,
) where
    H: Fn(Request<Incoming>, Peer) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let protocol = protocol();
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(connections));
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &room) => accepted,
            () = &mut stop => break,
        };
        let (stream, address, seat) = accepted;
        let (handler, protocol, watcher) = (handler.clone(), protocol.clone(), graceful.watcher());
        let tls = tls.clone();
        tokio::spawn(async move {
            let stream = Patient::within(HEAD_TIMEOUT, stream);
            let Some((stream, peer)) = shake_hands(tls, stream, address).await else { return };
            let seated = seat.clone();
            let answer = service_fn(move |mut request| {
                if let Some(seat) = &seated {
                    request.extensions_mut().insert(Seat::clone(seat));
                }
                let answer = match head::refuse(&request) {
                    Some(refused) => Either::Left(ready(refused)),
                    None => Either::Right(handler(request, peer.clone())),
                };
                async move { Ok::<_, Infallible>(answer.await) }
            });
            let connection = protocol.serve_connection_with_upgrades(TokioIo::new(stream), answer);
            // How a connection ends is the client's business; what it asked was answered and logged.
            let _ = watcher.watch(connection.into_owned()).await;
            drop(seat);
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

/// The stream that HTTP is spoken on, and who is at its other end. `None` if there is no agreement
/// on TLS, or none in time.
async fn shake_hands(
    tls: Option<Arc<Tls>>,
    stream: Patient<TcpStream>,
    address: IpAddr,
) -> Option<(Either<Patient<TlsStream>, Patient<TcpStream>>, Peer)> {
    let Some(tls) = tls else {
        return Some((Either::Right(stream), Peer::plain(address)));
    };
    let accepted = tokio::time::timeout(HEAD_TIMEOUT, tls.acceptor().accept(stream)).await.ok()?;
    let stream = accepted.map_err(|error| tls.failures.note(address, &error)).ok()?;
    let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let peer = Peer { address, secure: true, certificates: certificates.into() };
    // Once more: within TLS, HTTP has not begun.
    Some((Either::Left(Patient::within(HEAD_TIMEOUT, stream)), peer))
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
async fn accept(listener: &TcpListener, room: &Arc<Semaphore>) -> (TcpStream, IpAddr, Option<Seat>) {
    let seat = Arc::clone(room).acquire_owned().await.ok().map(Arc::new);
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Small answers should not wait for more to come.
                let _ = stream.set_nodelay(true);
                return (stream, peer.ip(), seat);
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}
