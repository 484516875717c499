//! Where an issuer's keys come from, and which signatures they make.

use std::path::PathBuf;

use edge_auth_token::Algorithm;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::policy::compiler::{Compiler, Field};
use crate::policy::issuer_identifier::TENANT;
use crate::policy::schema::{self, SecretEncoding};

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

/// Compiles `keys`.
pub(super) fn keys(
    compiler: &mut Compiler<'_>,
    index: usize,
    source: &schema::IssuerTable,
) -> Option<KeyOrigin> {
    let at = Field::of("issuer", index, "keys");
    let Some(keys) = &source.keys else {
        compiler.error(
            at,
            "is missing: say { discover = true }, { jwks_url = … }, { jwks_file = … }, { jwks = … } \
             or { secret = NAME }",
        );
        return None;
    };
    if keys.discover == Some(false) {
        compiler.error(at, "`discover` can only be true: leave it out otherwise");
        return None;
    }
    if keys.discover.is_some() && source.issuer.is_none() {
        let message = "cannot be discovered without an `issuer`: name the key set, as in { jwks_url = \"…\" }";
        compiler.error(at, message);
        return None;
    }
    if keys.encoding.is_some() && keys.secret.is_none() {
        compiler.error(at, "`encoding` is how a `secret` is written, and there is none");
        return None;
    }
    let mut given = Vec::new();
    if keys.discover.is_some() {
        let issuer = source.issuer.as_deref().unwrap_or_default().trim_end_matches('/');
        given.push(KeyOrigin::Discovery(format!("{issuer}/.well-known/openid-configuration")));
    }
    if let Some(url) = &keys.jwks_url {
        given.push(KeyOrigin::Url(url.clone()));
    }
    if let Some(path) = &keys.jwks_file {
        given.push(KeyOrigin::File(path.clone()));
    }
    if let Some(set) = &keys.jwks {
        given.push(KeyOrigin::Inline(set.to_string()));
    }
    if let Some(name) = &keys.secret {
        let encoding = keys.encoding.unwrap_or_default();
        given.push(KeyOrigin::Secret { name: name.clone(), encoding });
    }
    let [origin] = given.as_slice() else {
        compiler.error(
            at,
            "must say exactly one of `discover`, `jwks_url`, `jwks_file`, `jwks`, `secret`",
        );
        return None;
    };
    if let KeyOrigin::Discovery(url) | KeyOrigin::Url(url) = origin
        && let Err(reason) = fetchable(url, source.insecure_http_jwks)
    {
        compiler.error(at, &reason);
        return None;
    }
    Some(origin.clone())
}

/// Compiles `algorithms`: all asymmetric ones by default, HS256 with a shared secret.
pub(super) fn algorithms(
    compiler: &mut Compiler<'_>,
    index: usize,
    given: Option<Vec<Algorithm>>,
    keys: Option<&KeyOrigin>,
) -> Vec<Algorithm> {
    let at = Field::of("issuer", index, "algorithms");
    let secret = matches!(keys, Some(KeyOrigin::Secret { .. }));
    let algorithms = given.unwrap_or_else(|| match secret {
        true => vec![Algorithm::Hs256],
        false => Algorithm::ASYMMETRIC.to_vec(),
    });
    if algorithms.is_empty() {
        compiler.error(at, "must name at least one algorithm");
    } else if secret && !algorithms.iter().all(|algorithm| algorithm.is_symmetric()) {
        compiler.error(at, "a shared secret goes with HS256, HS384 and HS512 only");
    } else if !secret && algorithms.iter().any(|algorithm| algorithm.is_symmetric()) {
        compiler.error(
            at,
            "HS256, HS384 and HS512 need `keys = { secret = NAME }`: a published key must never be \
             taken for a shared secret",
        );
    }
    algorithms
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
