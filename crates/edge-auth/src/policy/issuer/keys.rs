//! Where an issuer's keys come from.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::policy::issuer_identifier::TENANT;

/// Where an issuer's keys come from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub enum KeyOrigin {
    /// OpenID Connect discovery: metadata at this URL names the key set's.
    Discovery(String),
    /// A JWK set at this URL.
    Url(String),
    /// A JWK set in a file beside the policy.
    File(PathBuf),
    /// A JWK set in the policy itself, as JSON text.
    Inline(String),
    /// A shared secret (HMAC), by its name on the host.
    Secret {
        /// The secret's name.
        name: String,
        /// How it is written there.
        encoding: SecretEncoding,
    },
}

/// How a shared secret is written where the host keeps it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum SecretEncoding {
    /// As it stands: its bytes are the key.
    #[default]
    Text,
    /// Base64 (RFC 4648, section 4), padded or not.
    Base64,
    /// Base64url (RFC 4648, section 5), padded or not.
    Base64url,
    /// Hexadecimal digits.
    Hex,
}

impl KeyOrigin {
    /// Returns the origin of one tenant's keys.
    pub(crate) fn of_tenant(&self, tenant: &str) -> Self {
        match self {
            Self::Discovery(url) => Self::Discovery(url.replace(TENANT, tenant)),
            Self::Url(url) => Self::Url(url.replace(TENANT, tenant)),
            Self::File(_) | Self::Inline(_) | Self::Secret { .. } => self.clone(),
        }
    }

    /// Whether each tenant has its own keys.
    pub(crate) fn is_per_tenant(&self) -> bool {
        match self {
            Self::Discovery(url) | Self::Url(url) => url.contains(TENANT),
            Self::File(_) | Self::Inline(_) | Self::Secret { .. } => false,
        }
    }
}

/// Checks that keys may be fetched from `url`: by https, by http from this machine, or by http
/// where the policy says so.
pub(crate) fn fetchable(url: &str, insecure_http: bool) -> Result<(), String> {
    let parsed = Url::parse(url).map_err(|error| format!("`{url}` is not a URL: {error}"))?;
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err("a URL with a user name or password is not fetched".to_owned());
    }
    let loopback = match parsed.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match parsed.scheme() {
        "https" => Ok(()),
        "http" if loopback || insecure_http => Ok(()),
        "http" => Err(format!(
            "`{url}` would be fetched without TLS: use https (or, knowing that, set \
             `insecure_http_jwks = true`)"
        )),
        other => Err(format!("`{other}:` is not fetched: use https")),
    }
}
