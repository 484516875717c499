//! Clients that hold what they do not use: each is met with a limit, over HTTP/1.1 and HTTP/2.

#[path = "tests/frames.rs"]
mod frames;
#[path = "tests/pressure.rs"]
mod pressure;
#[path = "tests/silent.rs"]
mod silent;
#[path = "tests/untaken.rs"]
mod untaken;

use std::future::pending;
use std::net::SocketAddr;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use tokio::net::TcpListener;

use super::{Limits, serve};
use crate::serve::body;
use crate::serve::peer::Peer;

const HOUR: Duration = Duration::from_secs(3600);
const SOON: Duration = Duration::from_millis(300);

/// The bytes of `/large`.
const LARGE: usize = 600_000;

/// Limits that no test meets, but for those that it sets.
fn far() -> Limits {
    Limits { connections: 64, requests: 1024, idle: HOUR, untaken: HOUR, farewell: SOON }
}

/// A server that answers with 300 bytes, with many for `/large`, never for `/never`, and for
/// `/body` once it has read the request's body.
async fn server(limits: Limits) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let handler = |request: Request<Incoming>, _: Peer| async move {
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
    tokio::spawn(serve(limits, listener, None, handler, pending()));
    address
}
