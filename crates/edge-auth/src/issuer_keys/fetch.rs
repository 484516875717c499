//! Fetches a key set, with the URL from the issuer's metadata if the policy has `discover`.

use edge_auth_token::{JwkSet, KeyUse};
use serde::Deserialize;
use url::Url;

use super::Remote;
use crate::audit::excerpt;
use crate::platform::{KeySource, Unavailable};
use crate::policy::{KeyOrigin, fetchable};

/// The largest accepted metadata document, in bytes.
const MAX_METADATA_BYTES: usize = 64 * 1024;

/// The longest excerpt of a document in an error, in characters.
const MAX_EXCERPT: usize = 256;

/// The members of OpenID Provider Metadata (OpenID Connect Discovery 1.0, section 3) that count
/// here.
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
            return Err(Unavailable::new("the policy has these keys, so they are never fetched"));
        }
    };
    JwkSet::parse_for(&bytes, key_use).map_err(|error| Unavailable::new(error.to_string()))
}

/// Reads the key set's URL from the metadata. The metadata must name this issuer (section 4.3), and
/// the URL must be one that the policy could name.
async fn discover(
    remote: &Remote,
    url: &str,
    source: &impl KeySource,
) -> Result<String, Unavailable> {
    let bytes = source.fetch_with(url, MAX_METADATA_BYTES, &remote.options).await?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let metadata: Metadata = serde_json::from_slice(bytes).map_err(|error| {
        let error = excerpt(&error.to_string(), MAX_EXCERPT);
        Unavailable::new(format!("the discovery document is unusable: {error}"))
    })?;
    if metadata.issuer != remote.issuer {
        let (found, wanted) = (excerpt(&metadata.issuer, MAX_EXCERPT), &remote.issuer);
        return Err(Unavailable::new(format!(
            "the discovery document is about the issuer `{found}`, it must be `{wanted}`"
        )));
    }
    // Some issuers publish a reference relative to the document (RFC 3986, section 5).
    let jwks_uri = match Url::parse(url).and_then(|base| base.join(&metadata.jwks_uri)) {
        Ok(joined) => joined.to_string(),
        Err(_) => metadata.jwks_uri,
    };
    // A bearer token never travels without TLS, whatever the policy allows for the keys.
    let insecure_http = remote.insecure_http && remote.options.bearer_file.is_none();
    fetchable(&jwks_uri, insecure_http).map_err(|reason| {
        let reason = excerpt(&reason, MAX_EXCERPT);
        Unavailable::new(format!("the discovered `jwks_uri` is refused: {reason}"))
    })?;
    Ok(jwks_uri)
}
