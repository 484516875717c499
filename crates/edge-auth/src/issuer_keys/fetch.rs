//! Fetching a key set, by way of the issuer's metadata where the policy says `discover`.

use edge_auth_token::{JwkSet, KeyUse};
use serde::Deserialize;
use url::Url;

use super::Remote;
use crate::audit::excerpt;
use crate::platform::{KeySource, Unavailable};
use crate::policy::{KeyOrigin, fetchable};

/// The largest metadata document that is read, in bytes.
const MAX_METADATA_BYTES: usize = 64 * 1024;

/// How much is told of what a document says, in characters.
const SAID: usize = 256;

/// What is needed of OpenID Provider Metadata (OpenID Connect Discovery 1.0, section 3).
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

pub(super) async fn key_set(
    remote: &Remote,
    key_use: KeyUse,
    source: &impl KeySource,
) -> Result<JwkSet, Unavailable> {
    let bytes = match &remote.origin {
        KeyOrigin::Discovery(url) => {
            let jwks_uri = discover(remote, url, source).await?;
            source.fetch_with(&jwks_uri, JwkSet::MAX_BYTES, &remote.options).await?
        }
        KeyOrigin::Url(url) => source.fetch_with(url, JwkSet::MAX_BYTES, &remote.options).await?,
        KeyOrigin::File(_) | KeyOrigin::Inline(_) | KeyOrigin::Secret { .. } => {
            return Err(Unavailable::new("these keys are not fetched"));
        }
    };
    JwkSet::parse_for(&bytes, key_use).map_err(|error| Unavailable::new(error.to_string()))
}

/// The metadata must be about this very issuer (section 4.3), and may not lead to where the policy
/// itself could not.
async fn discover(
    remote: &Remote,
    url: &str,
    source: &impl KeySource,
) -> Result<String, Unavailable> {
    let bytes = source.fetch_with(url, MAX_METADATA_BYTES, &remote.options).await?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let metadata: Metadata = serde_json::from_slice(bytes).map_err(|error| {
        let error = excerpt(&error.to_string(), SAID);
        Unavailable::new(format!("the discovery document is unusable: {error}"))
    })?;
    if metadata.issuer != remote.issuer {
        let (found, wanted) = (excerpt(&metadata.issuer, SAID), &remote.issuer);
        return Err(Unavailable::new(format!(
            "the discovery document is about the issuer `{found}`, wanted `{wanted}`"
        )));
    }
    // Some publish it relative to the document (RFC 3986, section 5).
    let jwks_uri = match Url::parse(url).and_then(|base| base.join(&metadata.jwks_uri)) {
        Ok(joined) => joined.to_string(),
        Err(_) => metadata.jwks_uri,
    };
    // A bearer token never travels without TLS, whatever the policy allows for the keys.
    let insecure_http = remote.insecure_http && remote.options.bearer_file.is_none();
    fetchable(&jwks_uri, insecure_http).map_err(|reason| {
        let reason = excerpt(&reason, SAID);
        Unavailable::new(format!("the discovered `jwks_uri` is refused: {reason}"))
    })?;
    Ok(jwks_uri)
}
