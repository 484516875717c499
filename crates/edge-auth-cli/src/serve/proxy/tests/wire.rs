//! A gateway between a client and an upstream that both speak in bytes.

use std::net::SocketAddr;
use std::sync::Arc;

use edge_auth::certificate::PlatformCertificate;
use edge_auth::policy::Format;
use edge_auth::{AuthRequest, Decision, Gate, Grant, Headers, Policy};
use edge_auth_testkit::platform::{MapSecretProvider, MemoryPlatform};
use edge_auth_token::{AwsLcRs, Timestamp};
use hyper::Request;
use hyper::body::Incoming;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::native::SystemRandomness;
use crate::serve::connection::Connection;
use crate::serve::proxy::{Client, Forwarded, Upstream};
use crate::serve::{Limits, listener};

const POLICY: &str = r#"
[[rule]]
path = "/socket"
public = true
upgrade = true

[[rule]]
path = "/aging/{*rest}"
public = true
upgrade = true
max_response_age = "1s"

[[rule]]
path = "/{*rest}"
public = true
cors = { origins = ["https://app.example"] }
"#;

/// Returns a grant for this target, to a principal if `known` is set.
async fn grant(target: &str, fields: &[(&str, &[u8])], set: &[(&str, &str)]) -> Grant {
    let policy = Policy::parse(POLICY, Format::Toml, "policy.toml").unwrap();
    let platform = MemoryPlatform::new(Default::default(), "");
    let secret_provider = MapSecretProvider::default();
    let (gate, _) =
        Gate::new(policy, &secret_provider, Box::new(AwsLcRs), platform, &SystemRandomness)
            .unwrap();
    let request = AuthRequest {
        location: edge_auth::ClientLocation::default(),
        method: "GET",
        host: Some("api.example"),
        authority: None,
        target,
        headers: Headers(fields),
        client_ip: None,
        certificate: PlatformCertificate::Nothing,
        path_rewritten: true,
        proxy_trusted: false,
    };
    match gate.authorize(&request, Timestamp::from_seconds(1)).await.decision {
        Decision::Allow(mut grant) => {
            grant.upstream.rewritten =
                set.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
            *grant
        }
        Decision::Deny(denial) => panic!("{denial:?}"),
    }
}

/// The settings of the gateway under test.
#[derive(Clone, Copy, Default)]
pub(super) struct Setting {
    /// How many connections are open at once; `None` is more than a test needs.
    pub(super) connections: Option<usize>,
    pub(super) set: &'static [(&'static str, &'static str)],
    pub(super) trusted_proxy: bool,
}

/// Starts a gateway in front of `upstream`. Its responses have a field with the operator's notice.
pub(super) async fn gateway(upstream: Upstream, setting: Setting) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let upstream = Arc::new(upstream);
    let handler = move |request: Request<Incoming>, peer: Connection| {
        let upstream = Arc::clone(&upstream);
        async move {
            let fields: Vec<(String, Vec<u8>)> = request
                .headers()
                .iter()
                .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
                .collect();
            let fields: Vec<(&str, &[u8])> =
                fields.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
            let target = request.uri().path_and_query().unwrap().to_string();
            let grant = grant(&target, &fields, setting.set).await;
            let client = Client {
                peer: peer.address,
                secure: peer.secure,
                trusted_proxy: setting.trusted_proxy,
            };
            let Forwarded { mut response, trouble } =
                upstream.forward(request, &grant, client).await;
            if let Some(trouble) = trouble {
                response.headers_mut().insert("x-operator-notice", trouble.parse().unwrap());
            }
            response
        }
    };
    let connections = setting.connections.unwrap_or(64);
    let limits = Limits { connections, ..Limits::of_process() };
    tokio::spawn(listener::serve(limits, listener, None, handler, std::future::pending()));
    address
}

/// An upstream that waits to be spoken to, and where it is.
pub(super) async fn upstream() -> (TcpListener, Upstream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let upstream = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    (listener, upstream)
}

/// Sends bytes to the gateway.
pub(super) async fn send(gateway: SocketAddr, bytes: &str) -> TcpStream {
    let mut stream = TcpStream::connect(gateway).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    stream
}

/// Reads until the text ends with `end`.
pub(super) async fn read_to(stream: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    while !text.ends_with(end) {
        let byte = stream.read_u8().await.unwrap_or_else(|error| panic!("{error} after {text:?}"));
        text.push(char::from(byte));
    }
    text
}

/// Reads until the other side ends.
pub(super) async fn read_all(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

pub(super) const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// Returns what an upstream receives of a request, which it answers with 200.
pub(super) async fn seen(setting: Setting, request: &str) -> String {
    let (listener, upstream) = upstream().await;
    let gateway = gateway(upstream, setting).await;
    let mut client = send(gateway, request).await;
    let (mut stream, _) = listener.accept().await.unwrap();
    let head = read_to(&mut stream, "\r\n\r\n").await;
    stream.write_all(OK.as_bytes()).await.unwrap();
    read_to(&mut client, "ok").await;
    head
}

/// Returns what a client receives of an upstream's response.
pub(super) async fn answered(request: &str, answer: &str) -> String {
    let (listener, upstream) = upstream().await;
    let gateway = gateway(upstream, Setting::default()).await;
    let mut client = send(gateway, request).await;
    let (mut stream, _) = listener.accept().await.unwrap();
    read_to(&mut stream, "\r\n\r\n").await;
    stream.write_all(answer.as_bytes()).await.unwrap();
    drop(stream);
    read_all(&mut client).await
}
