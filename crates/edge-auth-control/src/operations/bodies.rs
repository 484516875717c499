//! The bodies of requests and answers over HTTP, in JSON, for the host and for its clients.

use std::borrow::Cow;
use std::time::Duration;

use edge_auth::api_key::ApiKey;
use edge_auth_token::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::KeyResponse;
use super::super::revocation_responses::whole_seconds;

/// A request to rotate a key.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RotationBody {
    /// How long the old secret stays good, like `24h`; `0s` ends it at once.
    pub overlap: String,
}

/// A request to revoke a key, or to undo a revocation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ReasonBody {
    /// Why, for the operator's log; 1 to 256 bytes.
    #[cfg_attr(test, schemars(length(min = 1, max = 256)))]
    pub reason: String,
}

/// A key.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct KeyBody {
    /// The key.
    pub key: KeyResponse,
}

/// A key that was revoked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RevokedKeyBody {
    /// The key.
    pub key: KeyResponse,
    /// How many seconds later every instance refuses it at the latest.
    pub bound_seconds: u64,
}

impl RevokedKeyBody {
    /// Makes the answer about a key that was revoked at `now`, under a policy with this bound.
    pub fn new(key: &ApiKey, bound: Duration, now: Timestamp) -> Self {
        Self { key: KeyResponse::new(key, now), bound_seconds: whole_seconds(bound) }
    }
}

/// A key whose stored hash is under the current pepper.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WrappedKeyBody {
    /// The key.
    pub key: KeyResponse,
    /// Whether it was wrapped now; `false` if it was under the current pepper already.
    pub wrapped: bool,
}

/// A key and its new text.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct IssuedKeyBody<'a> {
    /// The key.
    pub key: KeyResponse,
    /// The key's whole text, as its owner presents it. This answer alone holds it: the store does
    /// not.
    pub secret: Cow<'a, str>,
}

/// A page of keys, in the order of their ids. With `block`, a page may be short or empty though
/// others follow: go on until `next` is `null`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct KeysBody {
    /// The keys, and the records that are not believed.
    pub keys: Vec<KeyEntry>,
    /// The `after` of the next page; `null` after the last one.
    pub next: Option<String>,
}

/// A key, or a record that is not believed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum KeyEntry {
    /// A key.
    Key(Box<KeyResponse>),
    /// A record that is not believed.
    Untrusted(UntrustedRecord),
}

/// A record that is not believed: somebody edited it in the store, or its pepper or block is not
/// configured. Its key is refused everywhere and cannot be changed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct UntrustedRecord {
    /// Its id.
    pub id: String,
    /// What is wrong with the record, for the operator.
    pub untrusted: String,
}

/// The result of a compaction.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CompactionBody {
    /// How many entries the snapshot holds.
    pub held: usize,
}

/// A problem (RFC 9457) with a stable code.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ProblemBody<'a> {
    /// `urn:edge-auth:admin:{code}`, or `urn:edge-auth:denial:{code}` if the caller was refused.
    #[cfg_attr(test, schemars(extend("format" = "uri")))]
    pub(crate) r#type: String,
    pub(crate) title: &'static str,
    pub(crate) status: u16,
    /// Stable: `request_invalid`, `not_found`, `method_not_allowed`, `key_not_found`, `key_state`, `key_exists`,
    /// `key_conflict`, `key_record_untrusted`, `store_unavailable` and others; or the code of a
    /// denial, such as `scope_insufficient`.
    pub(crate) code: &'a str,
    /// What is wrong, for the administrator. The answer to a refused caller has none.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) detail: &'a str,
}
