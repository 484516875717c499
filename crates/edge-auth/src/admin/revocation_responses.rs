//! An entry of the revocation log as the API and the CLI show it.

use serde::Serialize;
use serde_json::Value;

use crate::audit::rfc3339_text;
use crate::revocation::{Entry, Event, Identifier};

/// An entry as JSON. Times are RFC 3339 in UTC.
#[derive(Debug, Clone, Serialize)]
pub struct RevocationResponse {
    /// Its number in the log.
    pub id: u64,
    /// `revoked`, `undone`, `key_changed` or `list_imported`.
    pub says: &'static str,
    /// What was revoked: its `kind`, and the fields that identify it.
    pub target: Value,
    /// The same in words.
    pub summary: String,
    /// The administrator.
    pub by: String,
    /// The reason.
    pub reason: String,
    /// When it was entered.
    pub at: String,
    /// When it expires; `null` is never.
    pub until: Option<String>,
    /// A notice for the administrator who entered it just now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
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
                let issuer = crate::audit::excerpt(issuer, 128);
                ("list_imported", target, format!("revocation list of {issuer}, good until {next}"))
            }
        };
        Self {
            id: entry.sequence,
            says,
            target,
            summary,
            by: entry.by.clone(),
            reason: entry.reason.clone(),
            at: rfc3339_text(entry.at),
            until: entry.until.map(rfc3339_text),
            notice: None,
        }
    }
}

fn record_of(id: &Identifier) -> String {
    format!("record of API key {}", crate::audit::excerpt(id.as_str(), 128))
}

/// Returns a target as JSON, with its time in RFC 3339.
fn shown(target: &crate::revocation::Target) -> Value {
    let mut value = serde_json::to_value(target).unwrap_or_default();
    if let Some(before) = value.get_mut("before")
        && let Some(millis) = before.as_u64()
    {
        *before = rfc3339_text(edge_auth_token::Timestamp::from_millis(millis)).into();
    }
    value
}
