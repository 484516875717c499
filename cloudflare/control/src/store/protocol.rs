//! What only the control plane may ask the ledger, and the answers: JSON. Times are milliseconds
//! since 1970.

use edge_auth_cloudflare::protocol::{
    Part, ReadRequest, ReadResponse, StoredKey, StoredRevocation, StoredSnapshot,
};
use serde::{Deserialize, Serialize};

/// A request that writes, or that only an administrator makes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum WriteRequest {
    /// Writes the record if the stored one has the version `expected`, or, where that is `null`, if
    /// there is no record.
    Put { record: StoredKey, expected: Option<u64>, now: u64 },
    /// Copies a record to KV again, which has no copy of it.
    CopyAgain { id: String },
    /// Asks for records in the order of their ids.
    List { after: Option<String>, limit: usize, now: u64 },
    /// Drops records of keys that have lapsed long before `now`, `limit` at most.
    Sweep { now: u64, limit: usize },
    /// Asks for the log, the newest record first.
    Newest { before: Option<u64>, limit: usize },
    /// Appends records to the log.
    Append { records: Vec<StoredRevocation> },
    /// Drops records of the log before a sequence that have lapsed, `limit` at most.
    Forget { before: u64, now: u64, limit: usize },
    /// Makes a snapshot the newest one.
    PutSnapshot { snapshot: StoredSnapshot },
    /// Stores a part of a snapshot.
    PutPart { id: String, index: u32, part: Part },
}

/// The answer to a [`WriteRequest`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WriteResponse {
    /// Records of keys.
    Found(Vec<StoredKey>),
    /// Records of the log.
    Revocations(Vec<StoredRevocation>),
    /// Whether the ledger wrote.
    Put { stored: bool },
    /// How many records were dropped.
    Forgotten(usize),
}

/// What the ledger is asked.
#[derive(Debug)]
pub(crate) enum LedgerRequest {
    Read(ReadRequest),
    Write(WriteRequest),
}

/// What the ledger answers.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum LedgerResponse {
    Read(ReadResponse),
    Write(WriteResponse),
}

impl LedgerRequest {
    /// Parses a request. The kinds have no name in common.
    pub(crate) fn parse(text: &str) -> serde_json::Result<Self> {
        match serde_json::from_str(text) {
            Ok(read) => Ok(Self::Read(read)),
            Err(_) => serde_json::from_str(text).map(Self::Write),
        }
    }
}
