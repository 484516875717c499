//! Why a presented key is refused.

use std::net::IpAddr;

use edge_auth_token::Timestamp;

/// Why a presented key is refused, in the order of the checks. It is for the operator's log and
/// holds nothing of the key. A response says less.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyRefusal {
    /// The text does not have the block's form.
    #[error("the key is malformed: {0}")]
    Malformed(&'static str),
    /// The text has the form, but its checksum is wrong.
    #[error("the key's checksum is wrong: it was mistyped, or made up")]
    ChecksumWrong,
    /// None of the configured peppers tagged this id.
    #[error(
        "none of the configured peppers issued the key's id: it is forged, or a pepper is missing \
         from the list of retired ones"
    )]
    TagUnknown,
    /// The id is ours, and the secret is not that of the key.
    #[error("the key's secret is wrong, or was rotated away")]
    SecretWrong,
    /// The key was revoked.
    #[error("the key was revoked at {}: {reason}", crate::audit::rfc3339_text(*at))]
    Revoked {
        /// When.
        at: Timestamp,
        /// The reason that was given.
        reason: String,
    },
    /// The key is switched off for now.
    #[error("the key is disabled")]
    Disabled,
    /// The key has expired.
    #[error("the key expired at {}", crate::audit::rfc3339_text(*at))]
    Expired {
        /// When it expired.
        at: Timestamp,
    },
    /// The key was issued for another environment than the block's.
    #[error("the key was issued for the environment `{key}`, its block is for `{block}`")]
    EnvironmentMismatch {
        /// The key's environment; `-` without one.
        key: String,
        /// The block's environment; `-` without one.
        block: String,
    },
    /// The client is outside the key's networks.
    #[error("the key is bound to networks, and {client} is in none of them")]
    NetworkNotAllowed {
        /// The client's address, IPv4-mapped ones as IPv4.
        client: IpAddr,
    },
    /// The key is bound to networks, and the host does not know the client's address.
    #[error("the key is bound to networks, and the host does not know the client's address")]
    ClientAddressUnknown,
}
