//! The credentials that a rule names.

use serde::{Deserialize, Serialize};

/// The credentials that open a rule.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) enum Access {
    Public,
    Any(Vec<CredentialRef>),
    All(Vec<CredentialRef>),
}

impl Access {
    /// The named credentials, in the rule's order; none for a public rule.
    pub(crate) fn named(&self) -> &[CredentialRef] {
        match self {
            Self::Public => &[],
            Self::Any(named) | Self::All(named) => named,
        }
    }

    /// The credentials whose holder can be the principal.
    pub(super) fn principals(&self) -> &[CredentialRef] {
        match self {
            Self::Public => &[],
            Self::Any(named) => named,
            Self::All(named) => named.get(..1).unwrap_or_default(),
        }
    }
}

/// A block of the policy that a rule names, by its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
pub(crate) enum CredentialRef {
    Jwt(usize),
    Key(usize),
    Cert(usize),
}
