//! The requests to the ledger and its responses: JSON. Times are milliseconds since 1970.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use edge_auth::platform::{ApiKeyRecord, RevocationRecord, SnapshotRecord};
use edge_auth_token::Timestamp;
use serde::{Deserialize, Serialize};

/// The binding of the Durable Object's class, and the name of its one object.
pub(super) const BINDING: &str = "LEDGER";
pub(super) const OBJECT: &str = "ledger";

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StoreRequest {
    Find {
        id: String,
        now: u64,
        /// KV should have a copy, and has none: the ledger makes it again.
        #[serde(default)]
        missed: bool,
    },
    /// Writes the record if the stored one has the version `expected`, or, where that is `null`, if
    /// there is no record.
    Put {
        record: StoredKey,
        expected: Option<u64>,
        now: u64,
    },
    List {
        after: Option<String>,
        limit: usize,
        now: u64,
    },
    Since {
        first: u64,
        limit: usize,
    },
    Marked {
        mark: String,
    },
    Newest {
        before: Option<u64>,
        limit: usize,
    },
    Append {
        records: Vec<StoredRevocation>,
    },
    Forget {
        before: u64,
        now: u64,
        limit: usize,
    },
    Snapshot,
    PutSnapshot {
        snapshot: StoredSnapshot,
    },
    Part {
        id: String,
        index: u32,
    },
    PutPart {
        id: String,
        index: u32,
        part: Part,
    },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StoreResponse {
    Found(Vec<StoredKey>),
    Revocations(Vec<StoredRevocation>),
    Snapshot(Option<StoredSnapshot>),
    Part(Option<Part>),
    Put { stored: bool },
    Forgotten(usize),
}

/// An [`ApiKeyRecord`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct StoredKey {
    pub(super) id: String,
    pub(super) document: String,
    pub(super) version: u64,
    #[serde(rename = "lapses_at")]
    pub(super) expires_at: Option<u64>,
}

/// A [`RevocationRecord`].
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredRevocation {
    pub(super) sequence: u64,
    pub(super) mark: String,
    pub(super) document: String,
    #[serde(rename = "lapses_at")]
    pub(super) expires_at: Option<u64>,
}

/// A [`SnapshotRecord`].
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredSnapshot {
    pub(super) sequence: u64,
    pub(super) id: String,
    pub(super) document: String,
}

/// The bytes of a part of a snapshot, in base64.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) base64: String,
}

impl StoredKey {
    /// Returns whether the record has not expired.
    pub(super) fn lives(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|expires_at| expires_at > now.millis())
    }
}

impl From<&ApiKeyRecord> for StoredKey {
    fn from(record: &ApiKeyRecord) -> Self {
        let ApiKeyRecord { id, document, version, expires_at } = record.clone();
        Self { id, document, version, expires_at: expires_at.map(Timestamp::millis) }
    }
}

impl From<StoredKey> for ApiKeyRecord {
    fn from(stored: StoredKey) -> Self {
        let StoredKey { id, document, version, expires_at } = stored;
        Self { id, document, version, expires_at: expires_at.map(Timestamp::from_millis) }
    }
}

impl From<&RevocationRecord> for StoredRevocation {
    fn from(record: &RevocationRecord) -> Self {
        let RevocationRecord { sequence, mark, document, expires_at } = record.clone();
        Self { sequence, mark, document, expires_at: expires_at.map(Timestamp::millis) }
    }
}

impl From<StoredRevocation> for RevocationRecord {
    fn from(stored: StoredRevocation) -> Self {
        let StoredRevocation { sequence, mark, document, expires_at } = stored;
        Self { sequence, mark, document, expires_at: expires_at.map(Timestamp::from_millis) }
    }
}

impl From<&SnapshotRecord> for StoredSnapshot {
    fn from(snapshot: &SnapshotRecord) -> Self {
        let SnapshotRecord { sequence, id, document } = snapshot.clone();
        Self { sequence, id, document }
    }
}

impl From<StoredSnapshot> for SnapshotRecord {
    fn from(stored: StoredSnapshot) -> Self {
        let StoredSnapshot { sequence, id, document } = stored;
        Self { sequence, id, document }
    }
}

impl Part {
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self { base64: STANDARD.encode(bytes) }
    }

    pub(super) fn bytes(&self) -> Option<Vec<u8>> {
        STANDARD.decode(&self.base64).ok()
    }
}
