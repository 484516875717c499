//! The audit event of each decision: everything about it but the credential.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use edge_auth_token::Timestamp;
use serde::{Serialize, Serializer};

use crate::denial::Code;
use crate::policy::PolicyDigest;
use crate::principal::PrincipalKind;

/// One decision, as one line of JSON in the log.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AuditEvent {
    /// The time of the decision; in JSON RFC 3339 with milliseconds.
    #[serde(serialize_with = "rfc3339")]
    pub time: Timestamp,
    /// The first digits of the digest of the policy that decided.
    pub policy: PolicyDigest,
    /// Whether the request may pass.
    pub allowed: bool,
    /// How many allowed decisions this one stands for, where only a share of them is logged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// The code of a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// What was wrong, or why an administrator did what was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The name of the rule that matched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The method; shortened if it is longer than any real one.
    pub method: String,
    /// The requested host, normalised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The normal path, up to 1024 bytes. Of a path that was refused: the beginning, escaped. Never
    /// holds the query, an API key or a token.
    pub path: String,
    /// The client's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_ip: Option<IpAddr>,
    /// The verified principal, even if the request was refused afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// The principal's tenant, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The kind of credential that was verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<PrincipalKind>,
    /// The SHA-256 of the client certificate that was verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// A check that could not be made, where the rule lets the request pass all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
    /// What the gate did itself, instead of the upstream: an administrative action such as
    /// `keys.create`, or `preflight`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The id of the key that was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The number of the revocation that was entered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocation: Option<u64>,
    /// Why an administrative action failed although the caller may do it: `key_not_found`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Formats a time as RFC 3339 in UTC, with milliseconds.
pub fn rfc3339_text(time: Timestamp) -> String {
    // Years beyond 9999 have no such form; nothing real is that far away.
    let millis = time.millis().min(253_402_300_799_999);
    humantime::format_rfc3339_millis(SystemTime::UNIX_EPOCH + Duration::from_millis(millis))
        .to_string()
}

fn rfc3339<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339_text(*time))
}

/// Makes text of an attacker fit for one line of a log.
pub fn excerpt(text: &str, max_chars: usize) -> String {
    // Nearly every text is short and plain, and stays as it is.
    let plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\'' | b'\\');
    if text.len() <= max_chars && text.bytes().all(plain) {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(max_chars).flat_map(char::escape_debug).collect();
    if text.chars().nth(max_chars).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_rfc_3339_with_milliseconds() {
        assert_eq!(
            rfc3339_text(Timestamp::from_millis(1_700_000_000_123)),
            "2023-11-14T22:13:20.123Z"
        );
        assert_eq!(rfc3339_text(Timestamp::from_seconds(u64::MAX)), "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn an_excerpt_is_short_and_on_one_line() {
        assert_eq!(excerpt("a\r\nb", 10), "a\\r\\nb");
        assert_eq!(excerpt("abcdef", 3), "abc…");
        assert_eq!(excerpt("\"it's\"", 10), "\\\"it\\'s\\\"");
    }

    #[test]
    fn a_short_and_plain_text_is_its_own_excerpt() {
        let escaped = |text: &str| text.chars().flat_map(char::escape_debug).collect::<String>();
        for byte in 0..=0x7f_u8 {
            let text = char::from(byte).to_string();
            assert_eq!(excerpt(&text, 1), escaped(&text), "{byte}");
        }
        assert_eq!(excerpt("/v1/orders/42", 13), "/v1/orders/42");
    }
}
