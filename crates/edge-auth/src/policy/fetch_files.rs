//! `ca_file` and `bearer_file` of an `[[issuer]]`: an issuer that only its own network knows.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The files with which a host fetches an issuer's documents.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct FetchFiles {
    /// The only authorities that are trusted for these fetches, as PEM; `None` means those of the
    /// host.
    pub ca_file: Option<PathBuf>,
    /// The bearer token that is sent with these fetches. It is read again for each of them.
    pub bearer_file: Option<PathBuf>,
    /// The line of `ca_file` in the policy.
    pub(crate) ca_line: Option<usize>,
}

impl FetchFiles {
    /// Returns the first of the two fields that the policy has.
    pub(super) fn first_field(&self) -> Option<&'static str> {
        if self.ca_file.is_some() {
            Some("ca_file")
        } else if self.bearer_file.is_some() {
            Some("bearer_file")
        } else {
            None
        }
    }
}
