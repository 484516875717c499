//! HTTP clients: for what is fetched, and for the upstream.

use std::sync::OnceLock;
use std::time::Duration;

use hyper::Uri;
use hyper::body::{Body, Bytes};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Builder, Client, ResponseFuture};
use hyper_util::rt::{TokioExecutor, TokioTimer};

/// What goes wrong with a body under way.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// How many bytes of an answer, or of a request, wait in memory: a head is no longer.
const MAX_BUFFER_BYTES: usize = 64 * 1024;
/// How long the other end may take nothing of what it was sent.
#[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
const UNTAKEN_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A client for `http` and `https`. Redirects are never followed, and no proxy of the environment
/// is used.
#[derive(Debug)]
pub struct HttpClient<B> {
    plain: Client<HttpConnector, B>,
    /// Made when it is first needed: to read the machine's root certificates takes milliseconds,
    /// which a function that starts does not have. Where there are none, nothing is trusted, and
    /// that is said.
    tls: OnceLock<Result<Client<HttpsConnector<HttpConnector>, B>, String>>,
}

impl<B> HttpClient<B>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BodyError>,
{
    /// A client with no connection yet.
    pub fn new() -> Self {
        Self { plain: builder().build(connector()), tls: OnceLock::new() }
    }

    /// Sends a request; an error says why none can be sent.
    pub fn send(&self, request: hyper::Request<B>) -> Result<ResponseFuture, String> {
        match request.uri().scheme_str() {
            Some("https") => {
                let client = self.tls.get_or_init(|| {
                    let tls = HttpsConnectorBuilder::new().with_native_roots().map_err(|error| {
                        format!("no root certificates on this machine ({error}): install ca-certificates")
                    })?;
                    Ok(builder().build(tls.https_only().enable_http1().wrap_connector(connector())))
                });
                client.as_ref().map(|client| client.request(request)).map_err(String::clone)
            }
            _ => Ok(self.plain.request(request)),
        }
    }
}

impl<B> Default for HttpClient<B>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BodyError>,
{
    fn default() -> Self {
        Self::new()
    }
}

fn builder() -> Builder {
    let mut builder = Client::builder(TokioExecutor::new());
    // Hosts are set by whoever asks: a field of the client's own would be a second one.
    builder
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(Duration::from_secs(30))
        .http1_max_buf_size(MAX_BUFFER_BYTES);
    builder
}

fn connector() -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    // Nobody else notices: the request that waited was given up before.
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    connector.set_tcp_user_timeout(Some(UNTAKEN_TIMEOUT));
    connector.set_nodelay(true);
    connector.enforce_http(false);
    connector
}

/// A URL for a log: without a user's name and password, and without its query, which may hold a
/// secret.
pub(crate) fn shown(uri: &Uri) -> String {
    let (scheme, host) = (uri.scheme_str().unwrap_or_default(), uri.host().unwrap_or_default());
    let port = uri.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{scheme}://{host}{port}{}", uri.path())
}

/// An error with all its causes, which hold what one wants to know.
pub fn causes(error: &dyn std::error::Error) -> String {
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
