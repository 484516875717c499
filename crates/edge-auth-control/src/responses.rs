//! A key as an administrator sees it: everything but its secret and hashes.

use std::borrow::Cow;
use std::collections::BTreeMap;

use edge_auth_token::Timestamp;
use serde::{Deserialize, Serialize};

use edge_auth::api_key::{ApiKey, Expiry, KeyStatus};
use edge_auth::audit::rfc3339_text;
use edge_auth::scopes::Scopes;

/// A key without its secret and hashes. Times are RFC 3339.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct KeyResponse {
    /// The id: a part of the key's text, and not secret.
    pub id: String,
    /// The policy's `[[api_key]]` block that it belongs to.
    pub block: String,
    /// `active`, `disabled`, `revoked` or `expired`.
    #[cfg_attr(test, schemars(extend("enum" = ["active", "disabled", "revoked", "expired"])))]
    pub state: Cow<'static, str>,
    /// The name for people.
    pub label: Option<String>,
    /// The owner.
    pub owner: Option<String>,
    /// The tenant that it belongs to.
    pub tenant: Option<String>,
    /// What it may do; `null` is everything that a rule lets keys of its block do.
    pub scopes: Option<Vec<String>>,
    /// The environment that it was made for; `null` for an imported key.
    pub environment: Option<String>,
    /// From where it may be used, as CIDR networks; an empty list allows any address.
    pub networks: Vec<String>,
    /// When it was made or imported.
    #[cfg_attr(test, schemars(extend("format" = "date-time")))]
    pub created_at: String,
    /// When it expires; `null` is never.
    #[cfg_attr(test, schemars(extend("format" = "date-time")))]
    pub expires_at: Option<String>,
    /// Until when the secret before the last rotation is good, too.
    #[cfg_attr(test, schemars(extend("format" = "date-time")))]
    pub previous_secret_until: Option<String>,
    /// When it was revoked.
    #[cfg_attr(test, schemars(extend("format" = "date-time")))]
    pub revoked_at: Option<String>,
    /// Why it was revoked.
    pub revoked_because: Option<String>,
    /// What its administrators noted.
    pub metadata: BTreeMap<String, String>,
    /// How often it was written.
    #[cfg_attr(test, schemars(range(min = 1)))]
    pub version: u64,
}

impl KeyResponse {
    /// Returns the key as it is at `now`.
    pub fn new(key: &ApiKey, now: Timestamp) -> Self {
        let expires_at = match key.expires() {
            Expiry::At(at) => Some(at),
            Expiry::Never => None,
        };
        let (state, revoked) = match key.state() {
            KeyStatus::Revoked { at, reason } => ("revoked", Some((*at, reason.clone()))),
            KeyStatus::Disabled => ("disabled", None),
            KeyStatus::Active if expires_at.is_some_and(|at| at <= now) => ("expired", None),
            KeyStatus::Active => ("active", None),
        };
        let (revoked_at, revoked_because) = revoked.unzip();
        Self {
            id: key.id().to_owned(),
            block: key.block().to_owned(),
            state: Cow::Borrowed(state),
            label: key.label().map(str::to_owned),
            owner: key.owner().map(str::to_owned),
            tenant: key.tenant().map(str::to_owned),
            scopes: match key.scopes() {
                Scopes::List(list) => Some(list.iter().cloned().collect()),
                Scopes::All => None,
            },
            environment: key.environment().map(str::to_owned),
            networks: key.networks().iter().map(ToString::to_string).collect(),
            created_at: rfc3339_text(key.created_at()),
            expires_at: expires_at.map(rfc3339_text),
            previous_secret_until: key
                .previous_secret_until()
                .filter(|until| *until > now)
                .map(rfc3339_text),
            revoked_at: revoked_at.map(rfc3339_text),
            revoked_because,
            metadata: key.metadata().clone(),
            version: key.version(),
        }
    }
}
