//! Sends one request byte for byte.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use edge_auth_testkit::scenario::Call;
use edge_auth_testkit::scenario::source::Endpoint;
use edge_auth_testkit::wire::{Response, exchange};

/// Sends the request on a new connection, with `Host: api.example.com`, and reads the answer.
pub fn request(
    address: SocketAddr,
    (method, target): (&str, &str),
    headers: &[(&str, &str)],
    body: &str,
) -> io::Result<Response> {
    let headers =
        headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()));
    let call = Call {
        endpoint: Endpoint::Gateway,
        method: method.to_owned(),
        target: target.as_bytes().to_vec(),
        host: "api.example.com".to_owned(),
        authority: None,
        headers: headers.collect(),
        body: body.as_bytes().to_vec(),
        handover: None,
        location: None,
        from: Ipv4Addr::LOCALHOST.into(),
    };
    exchange(address, &call)
}
