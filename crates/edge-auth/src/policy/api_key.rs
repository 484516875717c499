//! `[[api_key]]`.

use serde::{Deserialize, Serialize};

use crate::api_key::{ImportedFormat, KeyFormat};

/// One `[[api_key]]`: the shape of its keys, and the names of its peppers.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct ApiKeyPolicy {
    pub name: String,
    pub kind: ApiKeyKind,
    /// The line of `pepper` in the policy.
    pub line: Option<usize>,
    pub current: String,
    pub previous: Vec<String>,
    pub retired: Vec<String>,
}

/// Keys of our own making, or hashes of another system's keys.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) enum ApiKeyKind {
    Native(KeyFormat),
    Imported(ImportedFormat),
}
