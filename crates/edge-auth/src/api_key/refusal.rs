//! Why a presented key is refused.

use std::net::IpAddr;

use edge_auth_token::Timestamp;

/// Why a presented key is refused, in the order of the checks. It is for the operator's log and
/// holds nothing of the key; a caller is told less.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyRefusal {
    /// The text is not of the block's form.
    #[error("the key is malformed: {0}")]
    Malformed(&'static str),
    /// The text is of the form, but its checksum is that of another.
    #[error("the key's checksum is wrong: it was mistyped, or made up")]
    ChecksumWrong,
    /// No configured pepper tagged this id.
    #[error(
        "the key's id was not issued under any configured pepper: it is forged, or a pepper is \
         missing from the list of retired ones"
    )]
    TagUnknown,
    /// The id is one of ours, the secret is not its secret.
    #[error("the key's secret is wrong, or was rotated away")]
    SecretWrong,
    /// The key was revoked.
    #[error("the key was revoked at {}: {reason}", crate::audit::rfc3339_text(*at))]
    Revoked {
        /// When.
        at: Timestamp,
        /// Why, in the words of who revoked it.
        reason: String,
    },
    /// The key is switched off for now.
    #[error("the key is disabled")]
    Disabled,
    /// The key's time is over.
    #[error("the key expired at {}", crate::audit::rfc3339_text(*at))]
    Expired {
        /// From when on it is refused.
        at: Timestamp,
    },
    /// The key was issued for an environment that is not the block's.
    #[error("the key was issued for the environment `{key}`, its block is for `{block}`")]
    EnvironmentMismatch {
        /// Of the key; `-` if it has none.
        key: String,
        /// Of the block; `-` if it has none.
        block: String,
    },
    /// The key is bound to networks, and the client is in none of them.
    #[error("the key is bound to networks, and {client} is in none of them")]
    NetworkNotAllowed {
        /// The client's address, IPv4-mapped ones as IPv4.
        client: IpAddr,
    },
    /// The key is bound to networks, and the client's address is not known.
    #[error("the key is bound to networks, and the host does not know the client's address")]
    ClientAddressUnknown,
}
