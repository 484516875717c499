//! The mistakes that a policy can make about API keys.

use super::pepper_id::PepperId;

/// A mistake in an `[[api_key]]` block or in its peppers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// The block's name has the wrong characters or length.
    #[error("block name `{found}`: must match [A-Za-z0-9_-]{{1,64}}")]
    Name {
        /// The name.
        found: String,
    },
    /// The prefix has the wrong characters or length.
    #[error("prefix `{found}`: must match [a-z][a-z0-9]{{1,15}}")]
    Prefix {
        /// The prefix.
        found: String,
    },
    /// The environment has the wrong characters or length.
    #[error("environment `{found}`: must match [a-z]{{2,8}}")]
    Environment {
        /// The environment.
        found: String,
    },
    /// The prefix of imported keys has the wrong characters or length.
    #[error("prefix `{found}` of imported keys: must be 1 to 32 visible ASCII characters")]
    ImportedPrefix {
        /// The prefix.
        found: String,
    },
    /// The prefix of imported keys could begin a token.
    #[error(
        "prefix `{found}` of imported keys: every JWT begins with `eyJ`, and must not be taken for a key"
    )]
    ImportedPrefixOfTokens {
        /// The prefix.
        found: String,
    },
    /// A pepper is too short to be a key.
    #[error("a pepper of {bytes} bytes: must be at least 32, and random")]
    PepperTooShort {
        /// Its length.
        bytes: usize,
    },
    /// One pepper stands in two places.
    #[error("pepper {id} is configured twice: name it once, as current, previous or retired")]
    PepperRepeated {
        /// Its public name.
        id: PepperId,
    },
    /// There are more peppers than the gate should try for every presented id.
    #[error(
        "{count} peppers: at most {limit}; rotate or revoke the keys of the oldest, then remove it"
    )]
    TooManyPeppers {
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
}
