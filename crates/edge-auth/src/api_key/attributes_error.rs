//! What may be wrong with the wishes for a key.

use edge_auth_token::Timestamp;
use ipnet::IpNet;

/// What is wrong with the wishes for a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AttributesError {
    /// A list has too many entries.
    #[error("{count} {field}: at most {limit}")]
    TooMany {
        /// Of what.
        field: &'static str,
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A text is empty, too long or not printable.
    #[error("{field} {text:?}: must be 1 to {limit} bytes without control characters")]
    Text {
        /// Of what.
        field: &'static str,
        /// The text, cut if it is long.
        text: String,
        /// How many bytes there may be.
        limit: usize,
    },
    /// The list of scopes is empty.
    #[error("no scope: name at least one, or say that the key has all")]
    NoScope,
    /// A scope is none.
    #[error(
        "scope {scope:?}: must be 1 to 128 visible ASCII characters other than `\"` and `\\` \
         (RFC 6749, section 3.3)"
    )]
    Scope {
        /// The scope, cut if it is long.
        scope: String,
    },
    /// A network's address says more than its prefix length keeps.
    #[error("network {network}: has bits behind its prefix; {} was meant, or a longer prefix", network.trunc())]
    HostBits {
        /// The network.
        network: IpNet,
    },
    /// The key would be born dead.
    #[error("the key would expire at {}, which is past", crate::audit::rfc3339_text(*at))]
    ExpiresInThePast {
        /// When.
        at: Timestamp,
    },
}
