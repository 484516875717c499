//! A key's record: an envelope that says who sealed it, around a body that is read only after the
//! seal was checked.
//!
//! ```json
//! {"block":"partners","pepper":"91cf3a07","mac":"…base64url…","body":"{\"schema\":1,…}"}
//! ```
//!
//! The MAC covers the body's exact bytes, the block, the record's id and its version. It does not
//! cover when the store may forget the record: who can write to the store can delete anyway.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{GeneralPurpose, URL_SAFE_NO_PAD};
use edge_auth_token::Timestamp;
use serde::{Deserialize, Serialize};

use super::attributes::KeyAttributes;
use super::hash::{KeyHash, StoredHash};
use super::key::PreviousHash;
use super::pepper::PepperId;
use super::{ApiKey, ApiKeyProfile, Expiry, RecordError};
use crate::derived_key::framed;
use crate::platform::ApiKeyRecord;

/// Strict: no padding, no bits that say nothing.
pub(super) const BASE64: GeneralPurpose = URL_SAFE_NO_PAD;

const SCHEMA: u32 = 1;
const MAX_BYTES: usize = 64 * 1024;
/// How long an expired key is remembered, so that its owner is told that it expired.
const RETENTION: Duration = Duration::from_secs(90 * 24 * 60 * 60);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    block: String,
    pepper: PepperId,
    mac: String,
    body: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    schema: u32,
    #[serde(rename = "terms")]
    attributes: KeyAttributes,
    hash: StoredHash,
    previous: Option<Previous>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Previous {
    hash: StoredHash,
    until: Timestamp,
}

/// Of a body of any schema.
#[derive(Deserialize)]
struct Versioned {
    schema: u32,
}

pub(super) fn seal(key: &ApiKey) -> Result<ApiKeyRecord, RecordError> {
    let body = written(&Body {
        schema: SCHEMA,
        attributes: key.attributes.clone(),
        hash: key.hash.stored(),
        previous: key
            .previous
            .as_ref()
            .map(|previous| Previous { hash: previous.hash.stored(), until: previous.until }),
    })?;
    let pepper = key.block.peppers().current();
    let message = authenticated(key.block(), &key.id, key.version, &body);
    let document = written(&Envelope {
        block: key.block().to_owned(),
        pepper: pepper.id().clone(),
        mac: BASE64.encode(pepper.record.code(&message)),
        body,
    })?;
    check_size(&document)?;
    Ok(ApiKeyRecord {
        id: key.id.clone(),
        document,
        version: key.version,
        expires_at: key.expires_at(),
    })
}

impl ApiKey {
    /// When the store may forget its record.
    pub(crate) fn expires_at(&self) -> Option<Timestamp> {
        match self.attributes.expires {
            Expiry::At(at) => Some(at.plus(RETENTION)),
            Expiry::Never => None,
        }
    }
}

pub(super) fn open(block: &ApiKeyProfile, record: &ApiKeyRecord) -> Result<ApiKey, RecordError> {
    let envelope = envelope(record)?;
    if envelope.block != block.name() {
        return Err(RecordError::OtherBlock { id: record.id.clone(), block: envelope.block });
    }
    let peppers = block.peppers();
    let id = || record.id.clone();
    let sealed_under = envelope.pepper;
    let Some(pepper) = peppers.find(&sealed_under) else {
        return Err(RecordError::PepperUnknown { id: id(), pepper: sealed_under });
    };
    if peppers.is_retired(&sealed_under) {
        return Err(RecordError::PepperRetired { id: id(), pepper: sealed_under });
    }
    let message = authenticated(block.name(), &record.id, record.version, &envelope.body);
    let mac = BASE64.decode(&envelope.mac).unwrap_or_default();
    if !pepper.record.verifies(&message, &mac) {
        return Err(RecordError::MacWrong { id: id() });
    }
    let body = read_body(&envelope.body)?;
    let previous = body.previous.map(|previous| {
        let hash = KeyHash::from_stored(&previous.hash, peppers)?;
        Ok(PreviousHash { hash, until: previous.until })
    });
    Ok(ApiKey {
        block: block.clone(),
        id: record.id.clone(),
        version: record.version,
        sealed_under,
        attributes: body.attributes,
        hash: KeyHash::from_stored(&body.hash, peppers)?,
        previous: previous.transpose()?,
    })
}

/// The name of the block that a record says it belongs to. It is not authenticated: use it to
/// choose the block that opens the record, and for nothing else.
pub fn claimed_block(record: &ApiKeyRecord) -> Result<String, RecordError> {
    envelope(record).map(|envelope| envelope.block)
}

fn envelope(record: &ApiKeyRecord) -> Result<Envelope, RecordError> {
    check_size(&record.document)?;
    serde_json::from_str(&record.document)
        .map_err(|error| RecordError::Envelope { id: record.id.clone(), detail: place(&error) })
}

fn read_body(body: &str) -> Result<Body, RecordError> {
    let broken = |error| RecordError::Body { detail: place(&error) };
    match serde_json::from_str(body).map_err(broken)? {
        Versioned { schema: SCHEMA } => serde_json::from_str(body).map_err(broken),
        Versioned { schema: found } => Err(RecordError::Schema { found }),
    }
}

fn written(value: &impl Serialize) -> Result<String, RecordError> {
    serde_json::to_string(value).map_err(|error| RecordError::Body { detail: place(&error) })
}

fn authenticated(block: &str, id: &str, version: u64, body: &str) -> Vec<u8> {
    framed(&[block.as_bytes(), id.as_bytes(), &version.to_be_bytes(), body.as_bytes()])
}

fn check_size(document: &str) -> Result<(), RecordError> {
    if document.len() > MAX_BYTES {
        return Err(RecordError::TooLarge { bytes: document.len(), limit: MAX_BYTES });
    }
    Ok(())
}

/// Where the text stopped making sense. What stands there is not for a log.
fn place(error: &serde_json::Error) -> String {
    format!("it stops making sense at line {}, column {}", error.line(), error.column())
}
