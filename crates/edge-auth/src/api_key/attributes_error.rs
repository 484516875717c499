//! The mistakes in the attributes of a new key.

use edge_auth_token::Timestamp;
use ipnet::IpNet;

/// A mistake in the attributes of a new key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AttributesError {
    /// A list has too many entries.
    #[error("{count} {field}: at most {limit} are allowed")]
    TooMany {
        /// The attribute.
        field: &'static str,
        /// The number of entries.
        count: usize,
        /// The greatest number.
        limit: usize,
    },
    /// A text is empty, too long or not printable.
    #[error("{field} {text:?}: must be 1 to {limit} bytes without control characters")]
    Text {
        /// The attribute.
        field: &'static str,
        /// The text, cut if it is long.
        text: String,
        /// The greatest length in bytes.
        limit: usize,
    },
    /// A tenant has characters that are not allowed, or is empty or too long.
    #[error(
        "tenant {tenant:?}: must be 1 to 64 letters, digits, `-`, `_` and `.`, but neither `.` nor `..`"
    )]
    Tenant {
        /// The tenant, cut if it is long.
        tenant: String,
    },
    /// The list of scopes is empty.
    #[error("no scope: name at least one, or say that the key has all")]
    NoScope,
    /// A scope has characters that are not allowed, or is too long.
    #[error(
        "scope {scope:?}: must be 1 to 128 visible ASCII characters other than `\"` and `\\` \
         (RFC 6749, section 3.3)"
    )]
    Scope {
        /// The scope, cut if it is long.
        scope: String,
    },
    /// A network's address has bits that its prefix length cuts off.
    #[error("network {network}: has bits behind its prefix; write {}, or a longer prefix", network.trunc())]
    HostBits {
        /// The network.
        network: IpNet,
    },
    /// The key would be expired at once.
    #[error("the key would expire at {}, which is past", crate::audit::rfc3339_text(*at))]
    ExpiresInThePast {
        /// When.
        at: Timestamp,
    },
}
