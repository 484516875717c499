//! The public name of a pepper.

use std::fmt;

use serde::{Deserialize, Serialize};

/// 8 hexadecimal digits that are derived from a pepper and reveal nothing of it.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PepperId(pub(super) String);

impl fmt::Display for PepperId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One from a stored record may be any text.
        write!(f, "{}", self.0.escape_debug())
    }
}

impl fmt::Debug for PepperId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PepperId({self})")
    }
}
