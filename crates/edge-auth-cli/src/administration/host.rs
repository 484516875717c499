//! Administers at a host, by `/admin/v1`.

use std::time::Duration;

use edge_auth_control::bodies::{
    CompactionBody, IssuedKeyBody, KeyBody, KeysBody, ReasonBody, RevokedKeyBody, RotationBody,
    WrappedKeyBody,
};
use edge_auth_control::{
    CreateKeyRequest, ImportKeyRequest, RevocationPage, RevocationRequest, RevocationResponse,
};
use edge_auth_native::{HttpClient, causes};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderValue, USER_AGENT};
use hyper::{Method, Request};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::answer;
use super::credential::{Credential, CredentialArgs};
use super::host_url::HostUrl;
use crate::error::CommandError;

/// How long a request may take, from connecting to the last byte of the answer.
const DEADLINE: Duration = Duration::from_secs(60);
/// The number of keys on one page.
const PAGE: &str = "100";

/// A host, and the administrator's credential.
pub(crate) struct HostAdministration {
    url: HostUrl,
    client: HttpClient<Full<Bytes>>,
    credential: Option<Credential>,
}

impl HostAdministration {
    /// Reads the credential. Asks nothing yet.
    pub(super) fn new(url: HostUrl, args: CredentialArgs) -> Result<Self, CommandError> {
        let credential = args.credential(url.lambda_region().is_some())?;
        let client = HttpClient::through_proxy_of_environment(args.tls()?);
        Ok(Self { url, client, credential })
    }

    pub(super) async fn create_key(
        &self,
        request: CreateKeyRequest,
    ) -> Result<IssuedKeyBody<'static>, CommandError> {
        self.post("/keys", &request).await
    }

    pub(super) async fn import_key(
        &self,
        request: ImportKeyRequest,
    ) -> Result<KeyBody, CommandError> {
        self.post("/keys/import", &request).await
    }

    pub(super) async fn page_of_keys(
        &self,
        block: Option<&str>,
        after: Option<&str>,
    ) -> Result<KeysBody, CommandError> {
        let mut query = query();
        query.append_pair("limit", PAGE);
        if let Some(block) = block {
            query.append_pair("block", block);
        }
        if let Some(after) = after {
            query.append_pair("after", after);
        }
        self.get(&format!("/keys?{}", query.finish())).await
    }

    pub(super) async fn show_key(&self, id: &str) -> Result<KeyBody, CommandError> {
        self.get(&key(id, "")).await
    }

    pub(super) async fn rotate_key(
        &self,
        id: &str,
        overlap: Duration,
    ) -> Result<IssuedKeyBody<'static>, CommandError> {
        let overlap = humantime::format_duration(overlap).to_string();
        self.post(&key(id, "/rotate"), &RotationBody { overlap }).await
    }

    pub(super) async fn disable_key(&self, id: &str) -> Result<KeyBody, CommandError> {
        self.ask(Method::POST, &key(id, "/disable"), Vec::new()).await
    }

    pub(super) async fn enable_key(&self, id: &str) -> Result<KeyBody, CommandError> {
        self.ask(Method::POST, &key(id, "/enable"), Vec::new()).await
    }

    pub(super) async fn revoke_key(
        &self,
        id: &str,
        reason: &str,
    ) -> Result<RevokedKeyBody, CommandError> {
        self.post(&key(id, "/revoke"), &ReasonBody { reason: reason.to_owned() }).await
    }

    pub(super) async fn wrap_key(&self, id: &str) -> Result<WrappedKeyBody, CommandError> {
        self.ask(Method::POST, &key(id, "/wrap"), Vec::new()).await
    }

    pub(super) async fn revoke(
        &self,
        request: RevocationRequest,
    ) -> Result<RevocationResponse, CommandError> {
        self.post("/revocations", &request).await
    }

    pub(super) async fn revocations(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> Result<RevocationPage, CommandError> {
        let mut query = query();
        query.append_pair("limit", &limit.to_string());
        if let Some(before) = before {
            query.append_pair("before", &before.to_string());
        }
        self.get(&format!("/revocations?{}", query.finish())).await
    }

    pub(super) async fn show_revocation(
        &self,
        entry: u64,
    ) -> Result<RevocationResponse, CommandError> {
        self.get(&format!("/revocations/{entry}")).await
    }

    pub(super) async fn undo_revocation(
        &self,
        entry: u64,
        reason: &str,
    ) -> Result<RevocationResponse, CommandError> {
        let body = ReasonBody { reason: reason.to_owned() };
        self.post(&format!("/revocations/{entry}/undo"), &body).await
    }

    pub(super) async fn compact(&self) -> Result<usize, CommandError> {
        let body: CompactionBody =
            self.ask(Method::POST, "/revocations/compact", Vec::new()).await?;
        Ok(body.held)
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, CommandError> {
        self.ask(Method::GET, path, Vec::new()).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, CommandError> {
        let body = serde_json::to_vec(body).map_err(|error| {
            CommandError::Host(format!("the request cannot be written: {error}"))
        })?;
        self.ask(Method::POST, path, body).await
    }

    /// Sends a request once. A change that is not confirmed may have been made.
    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<T, CommandError> {
        let unconfirmed = match method {
            Method::GET => "",
            _ => "; it may have been done: look before you try again",
        };
        match timeout(DEADLINE, self.answer(method, path, body, unconfirmed)).await {
            Ok(answered) => answered,
            Err(_) => {
                let (host, seconds) = (&self.url, DEADLINE.as_secs());
                let message =
                    format!("{host} does not answer within {seconds} seconds{unconfirmed}");
                Err(CommandError::Host(message))
            }
        }
    }

    async fn answer<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
        unconfirmed: &str,
    ) -> Result<T, CommandError> {
        let host = &self.url;
        let request = self.request(method, path, body).await?;
        let sent = self.client.send(request).map_err(CommandError::Host)?;
        let response = sent.await.map_err(|error| {
            let unconfirmed = if error.is_connect() { "" } else { unconfirmed };
            let causes = causes(&error);
            CommandError::Host(format!("{host} cannot be asked: {causes}{unconfirmed}"))
        })?;
        answer::read(host, response).await
    }

    async fn request(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<Request<Full<Bytes>>, CommandError> {
        let agent = concat!("edge-auth/", env!("CARGO_PKG_VERSION"));
        let mut request = Request::builder()
            .method(method)
            .uri(self.url.resource(path))
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, agent);
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if let Some((name, value)) = &self.credential {
            request = request.header(name, value);
        }
        let request = request
            .body(Bytes::from(body))
            .map_err(|error| CommandError::Host(format!("the request cannot be made: {error}")))?;
        let request = match self.url.lambda_region() {
            #[cfg(feature = "dynamodb")]
            Some(region) => super::iam::signed(request, region).await?,
            #[cfg(not(feature = "dynamodb"))]
            Some(_) => {
                return Err(CommandError::Usage(
                    "--store: a Function URL wants signed requests, and this `edge-auth` was built \
                     without AWS: build it with `--features dynamodb`"
                        .to_owned(),
                ));
            }
            None => request,
        };
        Ok(request.map(Full::new))
    }
}

/// Returns the path of a key's resource. The id is one segment, whatever it has in it.
fn key(id: &str, rest: &str) -> String {
    format!("/keys/{}{rest}", percent_encoded(id))
}

fn percent_encoded(segment: &str) -> String {
    let mut text = String::new();
    for byte in segment.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'~' => {
                text.push(char::from(byte));
            }
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

fn query() -> url::form_urlencoded::Serializer<'static, String> {
    url::form_urlencoded::Serializer::new(String::new())
}
