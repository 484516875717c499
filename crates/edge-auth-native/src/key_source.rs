//! Fetches what issuers publish: within a size and a time, and once for all who wait for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use edge_auth::platform::{KeySource, Unavailable};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::{Request, StatusCode, Uri};
use tokio::sync::watch;

use crate::client::{HttpClient, causes, shown};

/// How long a fetch may take, from connecting to the last byte.
const DEADLINE: Duration = Duration::from_secs(5);

/// What a fetch ends with, for all who wait.
type Fetched = Result<Bytes, Unavailable>;

/// A fetch under way.
type Flight = watch::Receiver<Option<Fetched>>;

/// By URL and limit.
type Flights = HashMap<(String, usize), Flight>;

/// Fetches over HTTP. Clones share their fetches.
#[derive(Clone)]
pub struct HttpKeySource(Arc<Shared>);

struct Shared {
    client: HttpClient<Empty<Bytes>>,
    deadline: Duration,
    flights: Mutex<Flights>,
}

impl HttpKeySource {
    /// A fetcher that waits five seconds.
    pub fn new() -> Self {
        Self::with_deadline(DEADLINE)
    }

    /// A fetcher that waits this long for each document, from connecting to its last byte.
    pub fn with_deadline(deadline: Duration) -> Self {
        Self(Arc::new(Shared { client: HttpClient::new(), deadline, flights: Mutex::default() }))
    }

    /// The fetch that is under way, or a new one, which ends even if nobody waits for it.
    fn flight(&self, url: &str, max_bytes: usize) -> Flight {
        let key = (url.to_owned(), max_bytes);
        let mut flights = self.0.flights();
        // One whose task is gone without a result was lost in a shutdown.
        if let Some(flight) = flights.get(&key).filter(|flight| flight.has_changed().is_ok()) {
            return flight.clone();
        }
        let (sender, receiver) = watch::channel(None);
        flights.insert(key.clone(), receiver.clone());
        let shared = Arc::clone(&self.0);
        tokio::spawn(async move {
            let fetched = shared.get(&key.0, key.1).await;
            shared.flights().remove(&key);
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
        let mut flight = self.flight(url, max_bytes);
        let fetched = flight.wait_for(Option::is_some).await;
        match fetched.as_deref() {
            Ok(Some(fetched)) => fetched.clone().map(|bytes| bytes.to_vec()),
            _ => Err(Unavailable::new("the host is shutting down")),
        }
    }
}

impl Shared {
    fn flights(&self) -> MutexGuard<'_, Flights> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn get(&self, url: &str, max_bytes: usize) -> Fetched {
        let uri: Uri = url.parse().map_err(|_| Unavailable::new("the URL cannot be fetched"))?;
        let at = shown(&uri);
        let failed = |why: String| Unavailable::new(format!("{at}: {why}"));
        let request = Request::get(uri).header("accept", "application/json").body(Empty::new());
        let request = request.map_err(|error| failed(error.to_string()))?;
        let answer = async {
            let response = self.client.send(request)?.await.map_err(|error| causes(&error))?;
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
        };
        match tokio::time::timeout(self.deadline, answer).await {
            Ok(answered) => answered.map_err(failed),
            Err(_) => Err(failed(format!(
                "no whole answer within {} seconds",
                self.deadline.as_secs_f64()
            ))),
        }
    }
}

#[cfg(test)]
mod tests;
