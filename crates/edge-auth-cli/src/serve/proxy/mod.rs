//! The gateway's side towards the upstream: sends granted requests as the grant says, and returns
//! the responses. Bodies stream.

mod age;
mod fields;
mod request;
mod response;
#[cfg(test)]
mod tests;
mod tunnel;
mod upload;

use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use edge_auth::Grant;
use edge_auth_native::{HttpClient, causes};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::http::uri::{Authority, PathAndQuery, Scheme};
use hyper::{Request, Response, StatusCode, Uri};

use super::body::Body;
use super::problem;
use age::Aging;
use tokio::time::Instant;
use tunnel::Waiting;
use upload::Upload;

/// The time that an upstream has to begin its response, once it has the whole request.
const PATIENCE: Duration = Duration::from_secs(60);

/// The origin to which granted requests go.
#[derive(Debug, Clone)]
pub(crate) struct Upstream {
    scheme: Scheme,
    authority: Authority,
    client: Arc<HttpClient<Upload>>,
    patience: Duration,
}

/// Why a text is not the URL of an upstream.
#[derive(Debug, thiserror::Error)]
#[error("an upstream is an origin, like http://127.0.0.1:3000 or https://api.internal: {0}")]
pub(crate) struct UpstreamError(&'static str);

/// A response, with a notice for the operator.
pub(super) struct Forwarded {
    pub(super) response: Response<Body>,
    pub(super) trouble: Option<String>,
}

/// The client, as the upstream's header fields describe it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Client {
    /// The other end of the connection.
    pub(super) peer: IpAddr,
    /// Whether the connection uses TLS.
    pub(super) secure: bool,
    /// Whether it is a trusted proxy, whose fields describe the client.
    pub(super) trusted_proxy: bool,
}

impl FromStr for Upstream {
    type Err = UpstreamError;

    fn from_str(text: &str) -> Result<Self, UpstreamError> {
        let uri: Uri = text.parse().map_err(|_| UpstreamError("this is not a URL"))?;
        let scheme = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS => scheme.clone(),
            _ => return Err(UpstreamError("begin it with http:// or https://")),
        };
        let authority = uri.authority().cloned().ok_or(UpstreamError("the host is missing"))?;
        if authority.as_str().contains('@') {
            return Err(UpstreamError("leave out the user name and password: they are not sent"));
        }
        if uri.path_and_query().is_some_and(|rest| rest.as_str() != "/") || text.contains('#') {
            return Err(UpstreamError("leave out the path: each request has its own"));
        }
        Ok(Self { scheme, authority, client: Arc::new(HttpClient::new()), patience: PATIENCE })
    }
}

impl Upstream {
    /// Sends a granted request upstream, and returns the response.
    pub(super) async fn forward(
        &self,
        mut request: Request<Incoming>,
        grant: &Grant,
        client: Client,
    ) -> Forwarded {
        let active = request.extensions().get().map(Arc::clone);
        let end = grant.upstream.max_response_age.map(|age| Instant::now() + age);
        let waiting = Waiting::of(&mut request, grant);
        let (parts, body) = request.into_parts();
        let Some(head) = self.head(parts, grant, client, waiting.is_some()) else {
            return bad(StatusCode::BAD_REQUEST, "The request cannot be forwarded.");
        };
        let (upload, progress) = Upload::of(body, active, self.patience);
        let sent = match self.client.send(Request::from_parts(head, upload)) {
            Ok(sent) => sent,
            Err(why) => return self.unreachable(&why),
        };
        let answered = tokio::select! {
            answered = sent => answered,
            () = age::reached(end) => return self.too_old(),
            () = progress.stalled(self.patience) => {
                return match progress.waits_for_client() {
                    true => too_late(),
                    false => self.too_slow(),
                };
            }
        };
        match answered {
            Ok(answer) => self.answer(answer, grant, waiting, end).await,
            Err(_) if progress.is_broken() && progress.waits_for_client() => too_late(),
            Err(_) if progress.is_broken() => {
                bad(StatusCode::BAD_REQUEST, "The body cannot be read.")
            }
            Err(error) => self.unreachable(&causes(&error)),
        }
    }

    fn head(
        &self,
        mut parts: hyper::http::request::Parts,
        grant: &Grant,
        client: Client,
        upgrade: bool,
    ) -> Option<hyper::http::request::Parts> {
        let mut uri = hyper::http::uri::Parts::default();
        uri.scheme = Some(self.scheme.clone());
        uri.authority = Some(self.authority.clone());
        uri.path_and_query = Some(PathAndQuery::from_str(&grant.upstream.target).ok()?);
        let asked_for = parts.uri.authority().cloned();
        parts.uri = Uri::from_parts(uri).ok()?;
        parts.version = hyper::Version::HTTP_11;
        request::prepare(&mut parts.headers, grant, client, asked_for, upgrade)?;
        let host = self.authority.as_str().parse().ok()?;
        parts.headers.insert(hyper::header::HOST, host);
        // Extensions belong to the client's connection.
        parts.extensions.clear();
        Some(parts)
    }

    async fn answer(
        &self,
        mut answer: Response<Incoming>,
        grant: &Grant,
        waiting: Option<Waiting>,
        end: Option<Instant>,
    ) -> Forwarded {
        let switched = answer.status() == StatusCode::SWITCHING_PROTOCOLS;
        match (switched, waiting) {
            (true, Some(waiting)) => waiting.join(hyper::upgrade::on(&mut answer), end),
            (true, None) => {
                return self.unreachable("it switches protocols without being asked to");
            }
            (false, _) => {}
        }
        let response = response::prepare(answer, grant, switched);
        let response = match end {
            Some(end) => response.map(|body| Aging::new(body, end).boxed_unsync()),
            None => response,
        };
        Forwarded { response, trouble: None }
    }

    fn unreachable(&self, why: &str) -> Forwarded {
        Forwarded {
            response: problem(
                StatusCode::BAD_GATEWAY,
                "The API behind the gate cannot be reached.",
            ),
            trouble: Some(format!("upstream {}: {why}", self.authority)),
        }
    }

    /// The response of an exchange that reached the rule's age, even while its upload goes on.
    fn too_old(&self) -> Forwarded {
        bad(
            StatusCode::GATEWAY_TIMEOUT,
            "The answer did not begin within the time that the rule allows.",
        )
    }

    fn too_slow(&self) -> Forwarded {
        let seconds = self.patience.as_secs();
        Forwarded {
            response: problem(
                StatusCode::GATEWAY_TIMEOUT,
                "The API behind the gate does not answer.",
            ),
            trouble: Some(format!(
                "upstream {}: no answer within {seconds} seconds",
                self.authority
            )),
        }
    }
}

/// The response to a client's own mistake, which needs no notice.
fn bad(status: StatusCode, detail: &str) -> Forwarded {
    Forwarded { response: problem(status, detail), trouble: None }
}

fn too_late() -> Forwarded {
    bad(StatusCode::REQUEST_TIMEOUT, "The body did not come in time.")
}
