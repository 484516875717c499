//! Asks a host whether it refuses a credential as revoked.

use std::time::Duration;

use edge_auth_native::{HttpClient, TlsSettings, causes};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Request, Uri};
use serde_json::Value;
use tokio::time::timeout;

use crate::error::CommandError;

/// The time that a host has to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most bytes of an answer that are read.
const MAX_BYTES: usize = 64 * 1024;

/// A host, and the header fields to ask it with.
pub(crate) struct Probe {
    client: HttpClient<Empty<Bytes>>,
    uri: Uri,
    headers: HeaderMap,
}

/// The answer of a host.
pub(super) enum Verdict {
    /// It refuses the credential as revoked.
    Revoked,
    /// Any other code or status.
    Other(String),
    /// It did not answer, for this reason.
    Unreachable(String),
}

impl Probe {
    pub(super) fn new(
        url: &str,
        fields: &[String],
        tls: TlsSettings,
    ) -> Result<Self, CommandError> {
        let uri: Uri = url
            .parse()
            .map_err(|_| CommandError::Usage("--probe: this is not a URL".to_owned()))?;
        if uri.host().is_none() {
            return Err(CommandError::Usage(
                "--probe: write the URL with its scheme and host, as in `https://api.example.com/`"
                    .to_owned(),
            ));
        }
        // The report repeats the URL, and the client would not send them.
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(CommandError::Usage(
                "--probe wants a URL without user name and password: send them with --header"
                    .to_owned(),
            ));
        }
        let mut headers = HeaderMap::new();
        for field in fields {
            // The error does not repeat the field, which may hold a credential.
            let wrong = || CommandError::Usage("--header: write it as `Name: value`".to_owned());
            let (name, value) = field.split_once(':').ok_or_else(wrong)?;
            let name = HeaderName::try_from(name.trim()).map_err(|_| wrong())?;
            headers.append(name, HeaderValue::try_from(value.trim()).map_err(|_| wrong())?);
        }
        Ok(Self { client: HttpClient::with_tls(tls), uri, headers })
    }

    /// The URL without its query, which may hold a secret.
    pub(super) fn url(&self) -> String {
        let scheme = self.uri.scheme_str().unwrap_or_default();
        let authority = self.uri.authority().map_or("", |authority| authority.as_str());
        format!("{scheme}://{authority}{}", self.uri.path())
    }

    pub(super) async fn ask(&self) -> Verdict {
        match timeout(PATIENCE, self.answer()).await {
            Ok(Ok(code)) if code.ends_with("_revoked") => Verdict::Revoked,
            Ok(Ok(other)) => Verdict::Other(other),
            Ok(Err(why)) => Verdict::Unreachable(why),
            Err(_) => Verdict::Unreachable("no answer".to_owned()),
        }
    }

    /// Returns the code of a refusal, or the status.
    async fn answer(&self) -> Result<String, String> {
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        let response = self.client.send(request)?.await.map_err(|error| causes(&error))?;
        let (status, field) = (response.status(), response.headers().get("x-auth-code").cloned());
        if status.is_success() {
            return Ok(status.to_string());
        }
        if let Some(code) = field {
            return Ok(String::from_utf8_lossy(code.as_bytes()).into_owned());
        }
        let body = Limited::new(response.into_body(), MAX_BYTES)
            .collect()
            .await
            .map(|body| body.to_bytes());
        let problem: Option<Value> = body.ok().and_then(|body| serde_json::from_slice(&body).ok());
        let code = problem.as_ref().and_then(|problem| problem.get("code")?.as_str());
        Ok(code.map_or_else(|| status.to_string(), str::to_owned))
    }
}
