//! The record of a key: a sealed document.
//!
//! ```json
//! {"block":"partners","pepper":"91cf3a07","mac":"…base64url…","body":"{\"schema\":1,…}"}
//! ```
//!
//! The MAC covers the block, the record's id, its version and the body. It does not cover when the
//! store may drop the record: anyone who can write to the store can delete the record anyway.

use std::time::Duration;

use edge_auth_token::Timestamp;
use serde::{Deserialize, Serialize};

use super::attributes::{Expiry, KeyAttributes};
use super::hash::{KeyHash, StoredHash};
use super::key::{ApiKey, PreviousHash};
use super::pepper::Peppers;
use super::pepper_id::PepperId;
use super::profile::ApiKeyProfile;
use super::record_error::RecordError;
use crate::platform::ApiKeyRecord;
use crate::sealed_document::{self, DocumentError, DocumentFormat};

/// The schema of records of keys without a tenant.
const SCHEMA: u32 = 1;
/// The schema of records of keys with a tenant. Versions that do not know tenants refuse them.
const TENANT_SCHEMA: u32 = 2;
const FORMAT: DocumentFormat =
    DocumentFormat { max_bytes: 64 * 1024, schemas: SCHEMA..=TENANT_SCHEMA };
/// How long the record of an expired key is kept, so that a refusal can say that it expired.
const RETENTION: Duration = Duration::from_secs(90 * 24 * 60 * 60);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyEnvelope {
    block: String,
    /// The pepper that sealed it.
    pepper: PepperId,
    mac: String,
    body: String,
}

impl sealed_document::Envelope for KeyEnvelope {
    fn mac(&self) -> &str {
        &self.mac
    }

    fn body(&self) -> &str {
        &self.body
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyBody {
    schema: u32,
    #[serde(rename = "terms")]
    attributes: KeyAttributes,
    hash: StoredHash,
    previous: Option<StoredPrevious>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredPrevious {
    hash: StoredHash,
    until: Timestamp,
}

impl sealed_document::Body for KeyBody {
    fn schema(&self) -> u32 {
        self.schema
    }
}

impl ApiKey {
    /// Returns the record to store, under the current pepper. The store may drop it 90 days after
    /// the key has expired; until then a refusal says that the key expired.
    pub fn seal(&self) -> Result<ApiKeyRecord, RecordError> {
        let body = KeyBody {
            schema: match self.attributes.tenant {
                Some(_) => TENANT_SCHEMA,
                None => SCHEMA,
            },
            attributes: self.attributes.clone(),
            hash: self.hash.stored(),
            previous: self.previous.as_ref().map(PreviousHash::stored),
        };
        let pepper = self.block.peppers().current();
        let context: [&[u8]; 3] =
            [self.block().as_bytes(), self.id.as_bytes(), &self.version.to_be_bytes()];
        let sealed = FORMAT
            .seal(&body, &pepper.record, &context, |mac, body| KeyEnvelope {
                block: self.block().to_owned(),
                pepper: pepper.id().clone(),
                mac,
                body,
            })
            .map_err(|error| refused(&self.id, error))?;
        Ok(ApiKeyRecord {
            id: self.id.clone(),
            document: sealed.text,
            version: self.version,
            expires_at: self.expires_at(),
        })
    }

    /// When the store may drop its record.
    pub(crate) fn expires_at(&self) -> Option<Timestamp> {
        match self.attributes.expires {
            Expiry::At(at) => Some(at.plus(RETENTION)),
            Expiry::Never => None,
        }
    }
}

impl ApiKeyProfile {
    /// Checks the MAC of a stored record, and only then reads its body.
    pub fn open(&self, record: &ApiKeyRecord) -> Result<ApiKey, RecordError> {
        let ApiKeyRecord { id, document, version, .. } = record;
        let envelope: KeyEnvelope =
            FORMAT.envelope(document).map_err(|error| refused(id, error))?;
        if envelope.block != self.name() {
            return Err(RecordError::OtherBlock { id: id.clone(), block: envelope.block });
        }
        let peppers = self.peppers();
        let Some(pepper) = peppers.find(&envelope.pepper) else {
            return Err(RecordError::PepperUnknown { id: id.clone(), pepper: envelope.pepper });
        };
        if peppers.is_retired(&envelope.pepper) {
            return Err(RecordError::PepperRetired { id: id.clone(), pepper: envelope.pepper });
        }
        let context: [&[u8]; 3] = [self.name().as_bytes(), id.as_bytes(), &version.to_be_bytes()];
        let (body, _): (KeyBody, _) =
            FORMAT.open(&envelope, &pepper.record, &context).map_err(|error| refused(id, error))?;
        let previous = match &body.previous {
            Some(previous) => Some(PreviousHash::from_stored(previous, peppers)?),
            None => None,
        };
        Ok(ApiKey {
            block: self.clone(),
            id: id.clone(),
            version: *version,
            sealed_under: envelope.pepper,
            attributes: body.attributes,
            hash: KeyHash::from_stored(&body.hash, peppers)?,
            previous,
        })
    }
}

impl PreviousHash {
    fn stored(&self) -> StoredPrevious {
        StoredPrevious { hash: self.hash.stored(), until: self.until }
    }

    fn from_stored(stored: &StoredPrevious, peppers: &Peppers) -> Result<Self, RecordError> {
        Ok(Self { hash: KeyHash::from_stored(&stored.hash, peppers)?, until: stored.until })
    }
}

/// Returns the name of the block that a record claims to belong to. It is not authenticated: use
/// it to choose the block that opens the record, and for nothing else.
pub fn claimed_block(record: &ApiKeyRecord) -> Result<String, RecordError> {
    let envelope: KeyEnvelope =
        FORMAT.envelope(&record.document).map_err(|error| refused(&record.id, error))?;
    Ok(envelope.block)
}

fn refused(id: &str, error: DocumentError) -> RecordError {
    let id = id.to_owned();
    match error {
        DocumentError::TooLarge { bytes } => {
            RecordError::TooLarge { bytes, limit: FORMAT.max_bytes }
        }
        DocumentError::Envelope(at) => {
            RecordError::Envelope { id, detail: format!("invalid JSON at {at}") }
        }
        DocumentError::MacWrong => RecordError::MacWrong { id },
        DocumentError::Schema(found) => RecordError::Schema { found },
        DocumentError::Body(at) => RecordError::Body { detail: at.to_string() },
    }
}
