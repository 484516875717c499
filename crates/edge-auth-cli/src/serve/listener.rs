//! Accepts connections and answers requests on them, within limits of size and time.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use edge_auth::endpoints;
use hyper::body::Incoming;
use hyper::header::{HeaderMap, HeaderValue, RETRY_AFTER};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::either::Either;

use super::active_request::ActiveRequest;
use super::body::Body;
use super::connection::Connection;
use super::h2_streams;
use super::limits::Limits;
use super::open_connections::{OpenConnection, OpenConnections};
use super::request_limits;
use super::stall_timeout::StallTimeout;
use super::tls::Tls;
use super::tracked_body::TrackedBody;
use super::{problem, protocol};
use crate::error::CommandError;

type Stream = Either<StallTimeout<TlsStream>, StallTimeout<TcpStream>>;
type TlsStream = tokio_rustls::server::TlsStream<StallTimeout<TcpStream>>;

/// The time that requests under way have to end at a shutdown.
const DRAIN: Duration = Duration::from_secs(10);

/// Closes the connection: so many requests are under way that not even a refusal is possible.
#[derive(Debug, thiserror::Error)]
#[error("too many requests are under way")]
struct Overloaded;

/// Binds the address, or says why it cannot be used.
pub(crate) async fn bind(address: SocketAddr) -> Result<TcpListener, CommandError> {
    TcpListener::bind(address).await.map_err(|error| {
        let why = match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                "another program listens there: stop it, or choose another port with --listen"
                    .to_owned()
            }
            std::io::ErrorKind::PermissionDenied => {
                "that is not permitted: ports below 1024 need root, choose another with --listen"
                    .to_owned()
            }
            std::io::ErrorKind::AddrNotAvailable => "this machine has no such address".to_owned(),
            _ => error.to_string(),
        };
        CommandError::host(format!("cannot listen on {address}: {why}"))
    })
}

/// Answers requests with `handler` until `stop` completes; then lets requests under way end.
pub(crate) async fn serve<H, F>(
    limits: Limits,
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    handler: H,
    stop: impl Future<Output = ()>,
) where
    H: Fn(Request<Incoming>, Connection) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let open = OpenConnections::within(&limits);
    let (stopping, stopped) = watch::channel(());
    let mut stop = pin!(stop);
    loop {
        let (stream, address) = tokio::select! {
            accepted = accept(&listener) => accepted,
            () = &mut stop => break,
        };
        let connection = tokio::select! {
            connection = open.admit() => connection,
            () = &mut stop => break,
        };
        let (handler, tls, stopped) = (handler.clone(), tls.clone(), stopped.clone());
        tokio::spawn(async move {
            let served = connected(limits, stream, address, tls, handler, &connection, stopped);
            // It does not matter how a connection ends: its requests were answered and logged.
            tokio::select! {
                biased;
                () = connection.evicted() => {}
                () = served => {}
            }
        });
    }
    drop((listener, stopped));
    let _ = stopping.send(());
    let _ = tokio::time::timeout(DRAIN, stopping.closed()).await;
}

/// Serves one connection until it ends, has been idle for too long, or the server stops.
async fn connected<H, F>(
    limits: Limits,
    stream: TcpStream,
    address: IpAddr,
    tls: Option<Arc<Tls>>,
    handler: H,
    connection: &Arc<OpenConnection>,
    mut stopped: watch::Receiver<()>,
) where
    H: Fn(Request<Incoming>, Connection) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let stream = StallTimeout::within(limits.idle, stream);
    let Some((stream, peer)) = shake_hands(limits, tls, stream, address).await else { return };
    connection.moved();
    let answer = service_fn(|mut request| {
        let (handler, peer) = (handler.clone(), peer.clone());
        let refused = request_limits::refuse(&request);
        if refused.is_some() {
            // Freed before the request waits: a few bytes of HPACK can stand for thousands of
            // fields.
            *request.headers_mut() = HeaderMap::new();
            connection.refused_head();
        }
        answered(request, refused, Arc::clone(connection), move |request| handler(request, peer))
    });
    let protocol = protocol::within(&limits);
    let mut served = pin!(protocol.serve_connection_with_upgrades(TokioIo::new(stream), answer));
    tokio::select! {
        _ = served.as_mut() => return,
        () = connection.idle_for(limits.idle) => {}
        _ = stopped.changed() => {}
    }
    served.as_mut().graceful_shutdown();
    let overstays = async {
        tokio::time::sleep(limits.farewell).await;
        connection.idle_for(Duration::ZERO).await;
    };
    tokio::select! {
        _ = served => {}
        () = overstays => {}
    }
}

/// Answers one request, if there is a permit for it.
async fn answered<F>(
    mut request: Request<Incoming>,
    refused: Option<Response<Body>>,
    connection: Arc<OpenConnection>,
    handler: impl FnOnce(Request<Incoming>) -> F,
) -> Result<Response<TrackedBody>, Overloaded>
where
    F: Future<Output = Response<Body>>,
{
    let is_health = asks_for_health(&request);
    let begun = ActiveRequest::begin(&connection, h2_streams::current_turn(), is_health).await;
    let (active, is_brief) = begun.ok_or(Overloaded)?;
    let in_pieces = request.version() == hyper::Version::HTTP_2;
    request.extensions_mut().insert(Arc::clone(&active));
    let response = match refused {
        Some(refused) => refused,
        None if is_brief && !is_health => too_many(),
        // The box is dropped with the work's state, so that a response that waits for its client
        // keeps none of it.
        None => Box::pin(handler(request)).await,
    };
    Ok(response.map(|body| TrackedBody::of(body, active, in_pieces)))
}

fn asks_for_health(request: &Request<Incoming>) -> bool {
    let target = request.uri().path_and_query().map_or("", |target| target.as_str());
    endpoints::asks_for_health(target)
}

fn too_many() -> Response<Body> {
    let mut refused = problem(StatusCode::SERVICE_UNAVAILABLE, "Too many requests are under way.");
    refused.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    refused
}

/// Shakes hands, if the listener has TLS. Returns the stream for HTTP and its client; `None` if the
/// handshake fails or takes too long.
async fn shake_hands(
    limits: Limits,
    tls: Option<Arc<Tls>>,
    stream: StallTimeout<TcpStream>,
    address: IpAddr,
) -> Option<(Stream, Connection)> {
    let Some(tls) = tls else {
        return Some((Either::Right(stream), Connection::plain(address)));
    };
    let accepted = tokio::time::timeout(limits.idle, tls.acceptor().accept(stream)).await.ok()?;
    let stream = accepted.map_err(|error| tls.failures.note(address, &error)).ok()?;
    let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let peer = Connection { address, secure: true, certificates: certificates.into() };
    // New deadlines: within TLS, HTTP has not begun.
    Some((Either::Left(StallTimeout::within(limits.idle, stream)), peer))
}

/// Accepts the next connection. An error of one connection, or too many open files, never ends the
/// loop.
async fn accept(listener: &TcpListener) -> (TcpStream, IpAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Small responses should not wait for more bytes.
                let _ = stream.set_nodelay(true);
                return (stream, peer.ip());
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

#[cfg(test)]
mod tests;
