//! An entry of the revocation log as the API and the CLI show it.

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use edge_auth::audit::rfc3339_text;
use edge_auth::revocation::{Entry, Event, Identifier};

/// An entry of the log. Times are RFC 3339 in UTC.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RevocationResponse {
    /// Its number in the log.
    #[cfg_attr(test, schemars(range(min = 1)))]
    pub id: u64,
    /// `revoked`, `undone`, `key_changed` or `list_imported`.
    #[cfg_attr(test, schemars(extend("enum" = ["revoked", "undone", "key_changed", "list_imported"])))]
    pub says: Cow<'static, str>,
    /// The target: its `kind`, and what identifies one of this kind; of `key_changed` also the
    /// `version` of the record.
    #[cfg_attr(test, schemars(with = "std::collections::BTreeMap<String, Value>"))]
    pub target: Value,
    /// The target in words.
    pub summary: String,
    /// Who entered it.
    pub by: String,
    /// The reason.
    pub reason: String,
    /// When.
    #[cfg_attr(test, schemars(extend("format" = "date-time")))]
    pub at: String,
    /// When the entry ends; `null` is never.
    #[cfg_attr(test, schemars(extend("format" = "date-time")))]
    pub until: Option<String>,
    /// In the answer to a new entry: which tokens stay good, because `before` is earlier than their
    /// `iat` may be; or that an API key stays revoked in its record though its entry was undone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(required))]
    pub notice: Option<String>,
    /// In the answer to a new entry: how many seconds later every instance refuses at the latest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(required))]
    pub bound_seconds: Option<u64>,
}

impl RevocationResponse {
    /// Makes the response for an entry.
    pub fn new(entry: &Entry) -> Self {
        let (says, target, summary) = match &entry.event {
            Event::Revoked(target) => ("revoked", shown(target), target.to_string()),
            Event::Undone(target) => ("undone", shown(target), target.to_string()),
            Event::KeyChanged(id) => {
                let target = serde_json::json!({ "kind": "api-key", "id": id });
                ("key_changed", target, record_of(id))
            }
            Event::KeyWritten { id, version } => {
                let target = serde_json::json!({ "kind": "api-key", "id": id, "version": version });
                ("key_changed", target, format!("{}, version {version}", record_of(id)))
            }
            Event::ListImported(list) => {
                let issuer = list.issuer.as_str();
                let target = serde_json::json!({
                    "kind": "list",
                    "issuer": issuer,
                    "this_update": rfc3339_text(list.this_update),
                    "next_update": rfc3339_text(list.next_update),
                });
                let next = rfc3339_text(list.next_update);
                let issuer = edge_auth::audit::excerpt(issuer, 128);
                ("list_imported", target, format!("revocation list of {issuer}, good until {next}"))
            }
        };
        Self {
            id: entry.sequence,
            says: Cow::Borrowed(says),
            target,
            summary,
            by: entry.by.clone(),
            reason: entry.reason.clone(),
            at: rfc3339_text(entry.at),
            until: entry.until.map(rfc3339_text),
            notice: None,
            bound_seconds: None,
        }
    }
}

/// Returns a bound in seconds, rounded up.
pub(super) fn whole_seconds(bound: Duration) -> u64 {
    bound.as_secs().saturating_add(u64::from(bound.subsec_nanos() > 0))
}

fn record_of(id: &Identifier) -> String {
    format!("record of API key {}", edge_auth::audit::excerpt(id.as_str(), 128))
}

/// Returns a target as JSON, with its time in RFC 3339.
fn shown(target: &edge_auth::revocation::Target) -> Value {
    let mut value = serde_json::to_value(target).unwrap_or_default();
    if let Some(before) = value.get_mut("before")
        && let Some(millis) = before.as_u64()
    {
        *before = rfc3339_text(edge_auth_token::Timestamp::from_millis(millis)).into();
    }
    value
}
