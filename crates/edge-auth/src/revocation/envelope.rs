//! The envelope of the documents that the revocation secret seals.

use serde::{Deserialize, Serialize};

use super::secrets::SecretId;
use crate::sealed_document::Envelope;

/// The envelope of a record of the log, or of a snapshot's manifest.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RevocationEnvelope {
    /// The secret that sealed it.
    pub secret: SecretId,
    pub mac: String,
    pub body: String,
}

impl Envelope for RevocationEnvelope {
    fn mac(&self) -> &str {
        &self.mac
    }

    fn body(&self) -> &str {
        &self.body
    }
}
