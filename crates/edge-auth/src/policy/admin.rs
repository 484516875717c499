//! `[admin]`, compiled.

use serde::{Deserialize, Serialize};

use crate::bootstrap_secret::BootstrapHash;

/// `[admin]`, which switches administration on.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct AdminPolicy {
    /// The hash of the bootstrap secret, if there is one.
    pub bootstrap_hash: Option<BootstrapHash>,
}
