//! The bodies that only HTTP has, in JSON.

use serde::{Deserialize, Serialize};

use super::super::KeyResponse;

/// A request to rotate a key.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct RotationBody {
    /// How long the old secret stays good, like `24h`; `0s` ends it at once.
    pub(super) overlap: String,
}

/// A request to revoke a key, or to undo a revocation.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct ReasonBody {
    /// Why, for the operator's log; 1 to 256 bytes.
    #[cfg_attr(test, schemars(length(min = 1, max = 256)))]
    pub(super) reason: String,
}

/// A key.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct KeyBody {
    pub(super) key: KeyResponse,
}

/// A key and its new text.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct IssuedKeyBody<'a> {
    pub(super) key: KeyResponse,
    /// The key's whole text, as its owner presents it. This answer alone holds it: the store does
    /// not.
    pub(super) secret: &'a str,
}

/// A page of keys, in the order of their ids. With `block`, a page may be short or empty though
/// others follow: go on until `next` is `null`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct KeysBody {
    pub(super) keys: Vec<KeyEntry>,
    /// The `after` of the next page; `null` after the last one.
    pub(super) next: Option<String>,
}

/// A key, or a record that is not believed.
#[derive(Serialize)]
#[serde(untagged)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) enum KeyEntry {
    Key(Box<KeyResponse>),
    Untrusted(UntrustedRecord),
}

/// A record that is not believed: somebody edited it in the store, or its pepper or block is not
/// configured. Its key is refused everywhere and cannot be changed.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct UntrustedRecord {
    pub(super) id: String,
    /// What is wrong with the record, for the operator.
    pub(super) untrusted: String,
}

/// The result of a compaction.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct CompactionBody {
    /// How many entries the snapshot holds.
    pub(super) held: usize,
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
