//! HTTP clients: for what is fetched, and for the upstream.

use std::time::Duration;

use hyper::Uri;
use hyper::body::{Body, Bytes};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, ResponseFuture};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::body::BodyError;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A client for `http` and `https`. Redirects are never followed, and no proxy of the environment
/// is used.
#[derive(Debug)]
pub(super) struct HttpClient<B> {
    plain: Client<HttpConnector, B>,
    /// Where this machine has no root certificates, nothing is trusted, and that is said.
    tls: Result<Client<HttpsConnector<HttpConnector>, B>, String>,
}

impl<B> HttpClient<B>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BodyError>,
{
    pub(super) fn new() -> Self {
        let mut builder = Client::builder(TokioExecutor::new());
        // Hosts are set by whoever asks: a field of the client's own would be a second one.
        builder.pool_timer(TokioTimer::new()).pool_idle_timeout(Duration::from_secs(30));
        let connector = || {
            let mut connector = HttpConnector::new();
            connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
            connector.set_nodelay(true);
            connector.enforce_http(false);
            connector
        };
        let tls = HttpsConnectorBuilder::new().with_native_roots();
        let tls = tls
            .map(|tls| builder.build(tls.https_only().enable_http1().wrap_connector(connector())))
            .map_err(|error| {
                format!("no root certificates on this machine ({error}): install ca-certificates")
            });
        Self { plain: builder.build(connector()), tls }
    }

    /// Sends a request; an error says why none can be sent.
    pub(super) fn send(&self, request: hyper::Request<B>) -> Result<ResponseFuture, String> {
        match request.uri().scheme_str() {
            Some("https") => self.tls.as_ref().map(|client| client.request(request)).map_err(String::clone),
            _ => Ok(self.plain.request(request)),
        }
    }
}

/// A URL for a log: without its query, which may hold a secret.
pub(super) fn shown(uri: &Uri) -> String {
    let scheme = uri.scheme_str().unwrap_or_default();
    format!("{scheme}://{}{}", uri.host().unwrap_or_default(), uri.path())
}

/// An error with all its causes, which hold what one wants to know.
pub(super) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        source = cause.source();
    }
    text
}
