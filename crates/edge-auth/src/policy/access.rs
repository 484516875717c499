//! The credentials that a rule names.

use serde::{Deserialize, Serialize};

/// The credentials that open a rule.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub enum Access {
    /// Everybody passes.
    Public,
    /// One of them is enough.
    Any(Vec<CredentialRef>),
    /// All are needed; the holder of the first is the principal.
    All(Vec<CredentialRef>),
}

impl Access {
    /// The named credentials, in the rule's order; none for a public rule.
    pub fn named(&self) -> &[CredentialRef] {
        match self {
            Self::Public => &[],
            Self::Any(named) | Self::All(named) => named,
        }
    }
}

/// A block of the policy that a rule names, by its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
pub enum CredentialRef {
    /// An `[[issuer]]`.
    Jwt(usize),
    /// An `[[api_key]]`.
    Key(usize),
    /// A `[[client_cert]]`.
    Cert(usize),
}
