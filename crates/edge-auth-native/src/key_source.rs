//! Fetches the documents that issuers publish: within a size and a time, and once for all who
//! wait for the same one.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use edge_auth::platform::{FetchOptions, KeySource, Unavailable};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use hyper::{Request, Response, StatusCode, Uri};
use tokio::sync::watch;

use crate::client::{HttpClient, causes, shown};
use crate::https_proxy::{HttpsProxy, is_loopback};
use crate::read_bounded;
use crate::tls_settings::TlsSettings;

/// How long a fetch may take, from connecting to the last byte.
const DEADLINE: Duration = Duration::from_secs(5);
/// The largest `bearer_file`, in bytes.
const MAX_BEARER_BYTES: u64 = 16 * 1024;

/// The result of a fetch, for all who wait.
type Fetched = Result<Bytes, Unavailable>;

/// A fetch under way.
type Flight = watch::Receiver<Option<Fetched>>;

/// What is fetched: two fetches of the same target are one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Target {
    url: String,
    max_bytes: usize,
    options: FetchOptions,
}

/// Fetches over HTTP, by https through the proxy of the environment. Clones share their fetches.
#[derive(Clone)]
pub struct HttpKeySource(Arc<Shared>);

struct Shared {
    client: HttpClient<Empty<Bytes>>,
    deadline: Duration,
    flights: Mutex<HashMap<Target, Flight>>,
}

impl HttpKeySource {
    /// Makes a fetcher that waits five seconds for each document.
    pub fn new() -> Self {
        Self::with_deadline(DEADLINE)
    }

    /// Makes a fetcher that waits this long for each document, from connecting to its last byte.
    pub fn with_deadline(deadline: Duration) -> Self {
        let client = HttpClient::through(HttpsProxy::from_environment(), TlsSettings::default());
        Self(Arc::new(Shared { client, deadline, flights: Mutex::default() }))
    }

    /// Joins the fetch that is under way, or starts one, which ends even if all waiters leave.
    fn flight(&self, target: Target) -> Flight {
        let mut flights = self.0.flights();
        // A sender that is gone without a result was lost in a shutdown.
        if let Some(flight) = flights.get(&target)
            && flight.has_changed().is_ok()
        {
            return flight.clone();
        }
        let (sender, receiver) = watch::channel(None);
        flights.insert(target.clone(), receiver.clone());
        let shared = Arc::clone(&self.0);
        tokio::spawn(async move {
            let fetched = shared.get(&target).await;
            shared.flights().remove(&target);
            sender.send_replace(Some(fetched));
        });
        receiver
    }
}

impl Default for HttpKeySource {
    fn default() -> Self {
        Self::new()
    }
}

impl KeySource for HttpKeySource {
    async fn fetch(&self, url: &str, max_bytes: usize) -> Result<Vec<u8>, Unavailable> {
        self.fetch_with(url, max_bytes, &FetchOptions::default()).await
    }

    async fn fetch_with(
        &self,
        url: &str,
        max_bytes: usize,
        options: &FetchOptions,
    ) -> Result<Vec<u8>, Unavailable> {
        let target = Target { url: url.to_owned(), max_bytes, options: options.clone() };
        let mut flight = self.flight(target);
        match flight.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(Ok(bytes))) => Ok(bytes.to_vec()),
            Ok(Some(Err(unavailable))) => Err(unavailable.clone()),
            Ok(None) | Err(_) => Err(Unavailable::new("the host is shutting down")),
        }
    }
}

impl Shared {
    fn flights(&self) -> MutexGuard<'_, HashMap<Target, Flight>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn get(&self, target: &Target) -> Fetched {
        let Ok(uri) = target.url.parse::<Uri>() else {
            return Err(Unavailable::new("the URL cannot be fetched"));
        };
        let at = shown(&uri);
        let document = tokio::time::timeout(self.deadline, self.document(uri, target)).await;
        let failure = match document {
            Ok(Ok(document)) => return Ok(document),
            Ok(Err(why)) => why,
            Err(_) => format!("no whole answer within {} seconds", self.deadline.as_secs_f64()),
        };
        Err(Unavailable::new(format!("{at}: {failure}")))
    }

    async fn document(&self, uri: Uri, target: &Target) -> Result<Bytes, String> {
        let FetchOptions { authorities, bearer_file } = &target.options;
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = uri.clone();
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(file) = bearer_file {
            if uri.scheme_str() != Some("https") && !is_loopback(&uri) {
                return Err("the token of `bearer_file` is not sent without TLS".to_owned());
            }
            request.headers_mut().insert(AUTHORIZATION, bearer(file.clone()).await?);
        }
        // These fetches are minutes apart: a client for each is simpler than to keep them.
        let own;
        let client = if authorities.is_empty() {
            &self.client
        } else {
            let tls = TlsSettings { authorities: authorities.clone(), certificate: None };
            own = HttpClient::through(HttpsProxy::from_environment(), tls);
            &own
        };
        let response = client.send(request)?.await.map_err(|error| {
            let causes = causes(&error);
            match client.proxy_to(&uri) {
                Some(proxy) => format!("through the proxy {proxy}: {causes}"),
                None => causes,
            }
        })?;
        read(response, target.max_bytes).await
    }
}

/// Reads a document from a response, and refuses every status but 200.
async fn read<B>(response: Response<B>, max_bytes: usize) -> Result<Bytes, String>
where
    B: hyper::body::Body<Data = Bytes, Error = hyper::Error>,
{
    match response.status() {
        StatusCode::OK => {}
        status if status.is_redirection() => {
            return Err(format!("redirects ({status}), which is not followed"));
        }
        status => return Err(format!("answers {status}")),
    }
    match Limited::new(response.into_body(), max_bytes).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(format!("answers more than {max_bytes} bytes"))
        }
        Err(error) => Err(format!("the answer broke off: {}", causes(&*error))),
    }
}

/// Reads the token of a `bearer_file`, and returns the value of the `Authorization` field.
async fn bearer(file: PathBuf) -> Result<HeaderValue, String> {
    let reading = tokio::task::spawn_blocking(move || read_bearer(&file)).await;
    let read = reading.map_err(|_| "the host is shutting down".to_owned())?;
    read.map_err(|error| format!("`bearer_file`: {error}"))
}

fn read_bearer(file: &Path) -> Result<HeaderValue, String> {
    let bytes = read_bounded(file, MAX_BEARER_BYTES)?;
    let token = bytes.trim_ascii();
    if token.is_empty() {
        return Err(format!("{} is empty", file.display()));
    }
    if !token.iter().all(u8::is_ascii_graphic) {
        return Err(format!("{} holds something else than one token", file.display()));
    }
    let mut value = HeaderValue::from_bytes(&[b"Bearer ", token].concat())
        .map_err(|_| format!("{} holds something else than one token", file.display()))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests;
