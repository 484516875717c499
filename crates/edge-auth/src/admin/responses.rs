//! A key as an administrator sees it: everything but its secret and hashes.

use std::collections::BTreeMap;

use edge_auth_token::Timestamp;
use serde::Serialize;

use crate::api_key::{ApiKey, Expiry, KeyStatus};
use crate::audit::rfc3339_text;
use crate::scopes::Scopes;

/// A key for people and for JSON; times are RFC 3339.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct KeyResponse {
    /// The id, which is part of the key's text, and public.
    pub id: String,
    /// The block that it belongs to.
    pub block: String,
    /// `active`, `disabled`, `revoked` or `expired`.
    pub state: &'static str,
    /// The name for people.
    pub label: Option<String>,
    /// The owner.
    pub owner: Option<String>,
    /// Its scopes; `null` is all.
    pub scopes: Option<Vec<String>>,
    /// The environment that it was made for.
    pub environment: Option<String>,
    /// The networks from which it may be used; if empty, from anywhere.
    pub networks: Vec<String>,
    /// When it was made or imported.
    pub created_at: String,
    /// When it expires; `null` is never.
    pub expires_at: Option<String>,
    /// Until when the secret before the last rotation stays good.
    pub previous_secret_until: Option<String>,
    /// When it was revoked.
    pub revoked_at: Option<String>,
    /// Why it was revoked.
    pub revoked_because: Option<String>,
    /// Any other attributes.
    pub metadata: BTreeMap<String, String>,
    /// The number of times that it was written.
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
            state,
            label: key.label().map(str::to_owned),
            owner: key.owner().map(str::to_owned),
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
