//! The API behind the gate, which answers with what reached it.

use std::future::pending;
use std::net::SocketAddr;

use hyper::Response;
use hyper::header::HeaderValue;
use serde_json::{Map, Value, json};

use super::address;
use crate::error::CommandError;
use crate::serve::{Limits, body, listener};

/// Starts the API on a free port.
pub(super) async fn start() -> Result<SocketAddr, CommandError> {
    let listener = listener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let at = address(&listener)?;
    let answer = |request: hyper::Request<hyper::body::Incoming>, _| {
        let fields = request.headers().iter();
        let headers: Map<String, Value> = fields
            .map(|(name, value)| {
                (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into())
            })
            .collect();
        let shown = json!({
            "api": "this is what reached the API",
            "method": request.method().as_str(),
            "target": request.uri().path_and_query().map(|target| target.as_str()),
            "headers": headers,
        });
        let mut response = Response::new(body::full(format!("{shown:#}\n")));
        response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
        async move { response }
    };
    tokio::spawn(listener::serve(Limits::of_process(), listener, None, answer, pending()));
    Ok(at)
}
