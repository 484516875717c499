//! Clients that hold connections, requests or memory: each meets a limit, over HTTP/1.1 and HTTP/2,
//! with TLS and without.

#[path = "tests/frames.rs"]
mod frames;
#[path = "tests/heads.rs"]
mod heads;
#[path = "tests/pressure.rs"]
mod pressure;
#[path = "tests/silent.rs"]
mod silent;
#[path = "tests/untaken.rs"]
mod untaken;

use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use edge_auth_testkit::certificates::{Authority, AuthorityPlan, ClientPlan, ClientUsage};
use hyper::Request;
use hyper::body::Incoming;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

use super::{Limits, serve};
use crate::serve::connection::Connection;
use crate::serve::tls::TlsArgs;
use crate::serve::{OperatorLog, Tls, body};

const HOUR: Duration = Duration::from_secs(3600);
const SOON: Duration = Duration::from_millis(300);

/// The bytes of `/large`.
const LARGE: usize = 600_000;

/// Returns limits that no test reaches unless it lowers them.
fn far() -> Limits {
    Limits { connections: 64, requests: 1024, idle: HOUR, untaken: HOUR, farewell: SOON }
}

/// A server under test, with TLS or without.
struct Server {
    address: SocketAddr,
    tls: Option<ClientConfig>,
}

/// The byte stream of a client.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

impl Server {
    /// Opens a connection for this protocol (RFC 7301).
    async fn open(&self, protocol: &[u8]) -> Box<dyn Stream> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let Some(tls) = &self.tls else {
            return Box::new(stream);
        };
        let mut tls = tls.clone();
        tls.alpn_protocols = vec![protocol.to_vec()];
        let name = "localhost".try_into().unwrap();
        let stream = TlsConnector::from(Arc::new(tls)).connect(name, stream).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol));
        Box::new(stream)
    }
}

/// Starts a server without TLS and one with it. They answer with 300 bytes, or [`LARGE`] for
/// `/large`; never for `/never`; and for `/body` once they have read the request's body.
async fn servers(limits: Limits) -> [&'static Server; 2] {
    let (server_tls, client_tls) = tls();
    let plain = Server { address: start(limits, None).await, tls: None };
    let secure = Server { address: start(limits, Some(server_tls)).await, tls: Some(client_tls) };
    [Box::leak(Box::new(plain)), Box::leak(Box::new(secure))]
}

async fn start(limits: Limits, tls: Option<Arc<Tls>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let handler = |request: Request<Incoming>, _: Connection| async move {
        let (parts, body) = request.into_parts();
        let answer = match parts.uri.path() {
            "/never" => pending().await,
            "/body" => {
                let read = body::read(body, 1024, parts.extensions.get()).await;
                format!("{read:?}").into_bytes()
            }
            "/large" => vec![b'x'; LARGE],
            _ => vec![b'x'; 300],
        };
        hyper::Response::new(body::full(answer))
    };
    tokio::spawn(serve(limits, listener, tls, handler, pending()));
    address
}

fn tls() -> (Arc<Tls>, ClientConfig) {
    let authority = Authority::root(&AuthorityPlan::named("Servers CA"));
    let server = authority.issue(&ClientPlan {
        hosts: vec!["localhost".to_owned()],
        usage: Some(ClientUsage::Server),
        ..ClientPlan::default()
    });
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = (folder.path().join("server.pem"), folder.path().join("server.key"));
    std::fs::write(&cert, server.pem()).unwrap();
    std::fs::write(&key, &server.key_pem).unwrap();
    let arguments = TlsArgs { tls_cert: Some(cert), tls_key: Some(key), client_ca: None };
    let tls = Tls::new(&arguments, false, OperatorLog::start().unwrap()).unwrap().unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (tls, client)
}
