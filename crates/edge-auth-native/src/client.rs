//! The HTTP client: for the upstream, for what is fetched, and for probes.

use std::sync::OnceLock;
use std::time::Duration;

use hyper::Uri;
use hyper::body::{Body, Bytes};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::{Builder, Client, ResponseFuture};
use hyper_util::client::proxy::matcher::Intercept;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::https_proxy::HttpsProxy;
use crate::tls_settings::TlsSettings;

/// Why the body of a request or response broke off.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// The most bytes of a response head, or of a request, that wait in memory.
const MAX_BUFFER_BYTES: usize = 64 * 1024;
/// How long the other end may leave sent bytes unacknowledged.
#[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
const UNTAKEN_TIMEOUT: Duration = Duration::from_secs(60);
/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

type DirectTls = HttpsConnector<HttpConnector>;
/// TLS to the destination, inside a tunnel through a proxy, to which TLS is spoken as well if its
/// URL says `https`.
type TunnelledTls = HttpsConnector<Tunnel<DirectTls>>;

/// A client for `http` and `https` that follows no redirect.
///
/// The clients for https are made when they are first needed: reading the machine's root
/// certificates takes milliseconds, which a starting Lambda function does not have.
#[derive(Debug)]
pub struct HttpClient<B> {
    tls: TlsSettings,
    proxy: HttpsProxy,
    plain: Client<HttpConnector, B>,
    direct: OnceLock<Result<Client<DirectTls, B>, String>>,
    tunnelled: OnceLock<Result<Client<TunnelledTls, B>, String>>,
}

impl<B> HttpClient<B>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BodyError>,
{
    /// Makes a client that connects directly and trusts the machine's root certificates.
    pub fn new() -> Self {
        Self::with_tls(TlsSettings::default())
    }

    /// Makes a client that connects directly, with these settings for https.
    pub fn with_tls(tls: TlsSettings) -> Self {
        Self::through(HttpsProxy::none(), tls)
    }

    /// Makes a client whose https connections go through the proxy of `HTTPS_PROXY`, with these
    /// settings.
    pub fn through_proxy_of_environment(tls: TlsSettings) -> Self {
        Self::through(HttpsProxy::from_environment(), tls)
    }

    /// Makes a client whose https connections go through this proxy.
    pub(crate) fn through(proxy: HttpsProxy, tls: TlsSettings) -> Self {
        Self {
            tls,
            proxy,
            plain: builder().build(connector()),
            direct: OnceLock::new(),
            tunnelled: OnceLock::new(),
        }
    }

    /// Sends a request.
    ///
    /// # Errors
    /// Says why no request can be sent: the machine has no root certificates, or the proxy of the
    /// environment is unusable.
    pub fn send(&self, request: hyper::Request<B>) -> Result<ResponseFuture, String> {
        if request.uri().scheme_str() != Some("https") {
            return Ok(self.plain.request(request));
        }
        match self.proxy.intercept(request.uri())? {
            Some(proxy) => {
                let client = self.tunnelled.get_or_init(|| self.tunnelled_client(&proxy));
                Ok(client.as_ref().map_err(String::clone)?.request(request))
            }
            None => {
                let client = self.direct.get_or_init(|| self.direct_client());
                Ok(client.as_ref().map_err(String::clone)?.request(request))
            }
        }
    }

    /// Returns the URL of the proxy through which the client connects to `uri`, without user name
    /// and password; `None` if it connects directly.
    pub(crate) fn proxy_to(&self, uri: &Uri) -> Option<Uri> {
        match self.proxy.intercept(uri) {
            Ok(Some(proxy)) => Some(proxy.uri().clone()),
            Ok(None) | Err(_) => None,
        }
    }

    fn direct_client(&self) -> Result<Client<DirectTls, B>, String> {
        let tls = HttpsConnectorBuilder::new().with_tls_config(self.tls.client_config()?);
        Ok(builder().build(tls.https_only().enable_http1().wrap_connector(connector())))
    }

    fn tunnelled_client(&self, proxy: &Intercept) -> Result<Client<TunnelledTls, B>, String> {
        // The proxy is of the machine's network: what is said of the destination does not hold
        // for it.
        let to_proxy =
            HttpsConnectorBuilder::new().with_tls_config(TlsSettings::default().client_config()?);
        let to_proxy = to_proxy.https_or_http().enable_http1().wrap_connector(connector());
        let mut tunnel = Tunnel::new(proxy.uri().clone(), to_proxy);
        if let Some(authorization) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(authorization.clone());
        }
        let tls = HttpsConnectorBuilder::new().with_tls_config(self.tls.client_config()?);
        Ok(builder().build(tls.https_only().enable_http1().wrap_connector(tunnel)))
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
    builder
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(Duration::from_secs(30))
        .http1_max_buf_size(MAX_BUFFER_BYTES);
    builder
}

fn connector() -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    // Without this, nothing closes the connection of a request that was given up while the other
    // end took no bytes.
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    connector.set_tcp_user_timeout(Some(UNTAKEN_TIMEOUT));
    connector.set_nodelay(true);
    connector.enforce_http(false);
    connector
}

/// Returns a URL as it may be logged: without user name, password and query, which may hold
/// secrets.
pub(crate) fn shown(uri: &Uri) -> String {
    let (scheme, host) = (uri.scheme_str().unwrap_or_default(), uri.host().unwrap_or_default());
    let port = uri.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{scheme}://{host}{port}{}", uri.path())
}

/// Returns an error's text with those of all its causes, which say what really happened.
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
