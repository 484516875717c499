//! An answer as JavaScript gets it: one string, one crossing.

use edge_auth::AuditEvent;
use serde::Serialize;

/// Returns two lines of JSON: the audit event, if there is one, and the instruction, which consists
/// of plain structures, so that serialising it does not fail.
pub fn answer_text(audit: Option<&AuditEvent>, instruction: &impl Serialize) -> String {
    let mut text = match audit {
        Some(audit) => serde_json::to_string(audit).unwrap_or_default(),
        None => String::new(),
    };
    text.push('\n');
    text.push_str(&serde_json::to_string(instruction).unwrap_or_default());
    text
}
