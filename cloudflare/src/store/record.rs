//! A record as it travels and rests: JSON.

use edge_auth::platform::ApiKeyRecord;
use edge_auth_token::Timestamp;
use serde::{Deserialize, Serialize};

/// An [`ApiKeyRecord`]; times are milliseconds since 1970.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredRecord {
    pub(crate) id: String,
    pub(crate) document: String,
    pub(crate) version: u64,
    pub(crate) lapses_at: Option<u64>,
}

impl StoredRecord {
    /// Whether it counts still.
    pub(crate) fn lives(&self, now: Timestamp) -> bool {
        self.lapses_at.is_none_or(|lapses_at| lapses_at > now.millis())
    }
}

impl From<&ApiKeyRecord> for StoredRecord {
    fn from(record: &ApiKeyRecord) -> Self {
        let ApiKeyRecord { id, document, version, lapses_at } = record.clone();
        Self { id, document, version, lapses_at: lapses_at.map(Timestamp::millis) }
    }
}

impl From<StoredRecord> for ApiKeyRecord {
    fn from(stored: StoredRecord) -> Self {
        let StoredRecord { id, document, version, lapses_at } = stored;
        Self { id, document, version, lapses_at: lapses_at.map(Timestamp::from_millis) }
    }
}
