//! The issuer of the demonstration, which only publishes its keys.

use std::future::pending;
use std::net::SocketAddr;

use hyper::header::HeaderValue;
use hyper::{Response, StatusCode};

use super::address;
use crate::error::CommandError;
use crate::sandbox::Signer;
use crate::serve::{Limits, body, listener};

/// Starts the issuer on a free port.
pub(super) async fn start(signer: &Signer) -> Result<SocketAddr, CommandError> {
    let listener = listener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let at = address(&listener)?;
    let jwks = signer.jwks()?.to_string();
    let answer = move |request: hyper::Request<hyper::body::Incoming>, _| {
        let found = request.uri().path() == "/jwks.json";
        let mut response =
            Response::new(body::full(if found { jwks.clone() } else { String::new() }));
        if found {
            response
                .headers_mut()
                .insert("content-type", HeaderValue::from_static("application/jwk-set+json"));
        } else {
            *response.status_mut() = StatusCode::NOT_FOUND;
        }
        async move { response }
    };
    tokio::spawn(listener::serve(Limits::of_process(), listener, None, answer, pending()));
    Ok(at)
}
