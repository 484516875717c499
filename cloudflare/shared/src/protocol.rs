//! What a gate may ask the ledger, and the answers: JSON. Times are milliseconds since 1970.
//!
//! All requests here are reads. Those that write are in the control Worker alone, so that its
//! entrypoint `Reader`, which answers gates, cannot even parse one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use edge_auth::platform::{ApiKeyRecord, RevocationRecord, SnapshotRecord};
use edge_auth_token::Timestamp;
use serde::{Deserialize, Serialize};

/// A request that changes nothing.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ReadRequest {
    /// Asks for the record of a key.
    Find {
        /// The record's id.
        id: String,
        /// A record that has lapsed by then is not found.
        now: u64,
        /// Whether the record must be the newest one: a copy may lag behind.
        #[serde(default)]
        current: bool,
    },
    /// Asks for the log from a sequence on.
    Since {
        /// The first sequence.
        first: u64,
        /// The most records that come.
        limit: usize,
    },
    /// Asks for the records of the log with a mark.
    Marked {
        /// The mark.
        mark: String,
    },
    /// Asks for the newest snapshot of the log.
    Snapshot,
    /// Asks for a part of a snapshot.
    Part {
        /// The snapshot's id.
        id: String,
        /// The part's number, from 0.
        index: u32,
        /// Whether it must be the ledger's own: a copy was not believed.
        #[serde(default)]
        current: bool,
    },
}

/// The answer to a [`ReadRequest`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadResponse {
    /// Records of keys.
    Found(Vec<StoredKey>),
    /// Records of the log with a mark.
    Revocations(Vec<StoredRevocation>),
    /// Records from a place in the log on.
    Tail {
        /// The records.
        records: Vec<StoredRevocation>,
        /// How long ago the ledger was read, at most, in milliseconds.
        age: u64,
    },
    /// The newest snapshot, if there is one.
    Snapshot(Option<StoredSnapshot>),
    /// A part of a snapshot, if there is one.
    Part(Option<Part>),
}

/// An [`ApiKeyRecord`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StoredKey {
    /// The key's id.
    pub id: String,
    /// The record's text.
    pub document: String,
    /// Counts the writes of this id.
    pub version: u64,
    /// When the record lapses.
    #[serde(rename = "lapses_at")]
    pub expires_at: Option<u64>,
}

/// A [`RevocationRecord`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StoredRevocation {
    /// The record's place in the log.
    pub sequence: u64,
    /// The mark by which it is found.
    pub mark: String,
    /// The record's text.
    pub document: String,
    /// When the record lapses.
    #[serde(rename = "lapses_at")]
    pub expires_at: Option<u64>,
}

/// A [`SnapshotRecord`].
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredSnapshot {
    /// The sequence of the last record that it holds.
    pub sequence: u64,
    /// Names its parts.
    pub id: String,
    /// The snapshot's text.
    pub document: String,
}

/// The bytes of a part of a snapshot.
#[derive(Debug, Serialize, Deserialize)]
pub struct Part {
    /// The bytes in base64.
    pub base64: String,
}

impl StoredKey {
    /// Returns whether the record has not expired.
    pub fn lives(&self, now: Timestamp) -> bool {
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
    /// Encodes bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self { base64: STANDARD.encode(bytes) }
    }

    /// Decodes the bytes, or returns `None` if they are damaged.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        STANDARD.decode(&self.base64).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_read_is_read() {
        for text in [
            r#"{"find":{"id":"k1","now":1,"current":true}}"#,
            r#"{"since":{"first":1,"limit":10}}"#,
            r#"{"marked":{"mark":"m"}}"#,
            r#""snapshot""#,
            r#"{"part":{"id":"a","index":0,"current":false}}"#,
        ] {
            let request: ReadRequest = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&request).unwrap(), text);
        }
    }

    #[test]
    fn nothing_else_is_read() {
        for text in [
            r#"{"put":{"record":{"id":"k1","document":"d","version":1,"lapses_at":null},"expected":null,"now":1}}"#,
            r#"{"list":{"after":null,"limit":10,"now":1}}"#,
            r#"{"newest":{"before":null,"limit":10}}"#,
            r#"{"append":{"records":[]}}"#,
            r#"{"forget":{"before":9,"now":9,"limit":9}}"#,
            r#"{"put_snapshot":{"snapshot":{"sequence":1,"id":"a","document":"d"}}}"#,
            r#"{"put_part":{"id":"a","index":0,"part":{"base64":""}}}"#,
            r#"{"find":{"id":"k1","now":1,"put":{}}}"#,
            r#"{"find":{"id":"k1","now":1},"append":{"records":[]}}"#,
            r#"["snapshot",{"append":{"records":[]}}]"#,
            "\"snapshot\"{\"append\":{}}",
            "",
        ] {
            assert!(serde_json::from_str::<ReadRequest>(text).is_err(), "{text}");
        }
    }
}
