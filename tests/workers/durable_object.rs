//! The ledger as a store of this process, in which scenarios create their keys.

use edge_auth::platform::{ApiKeyRecord, ApiKeys, Unavailable};
use edge_auth_control::store::{ApiKeyAdmin, Precondition, WriteOutcome};
use edge_auth_token::Timestamp;
use serde_json::{Value, json};

use crate::driver::Driver;

/// The ledger of a Worker, which the driver asks.
pub(crate) struct RevocationLedger<'d> {
    pub(crate) driver: &'d Driver,
    pub(crate) worker: &'static str,
}

impl RevocationLedger<'_> {
    fn ask(&self, question: Value) -> Result<Value, Unavailable> {
        let asked =
            self.driver.ask("ledger", json!({ "worker": self.worker, "question": question }));
        asked.map_err(Unavailable::new)
    }

    fn found(&self, question: Value) -> Result<Vec<ApiKeyRecord>, Unavailable> {
        let answer = self.ask(question)?;
        let records = answer["found"].as_array().into_iter().flatten();
        Ok(records.map(record).collect())
    }
}

fn record(stored: &Value) -> ApiKeyRecord {
    ApiKeyRecord {
        id: stored["id"].as_str().unwrap_or_default().to_owned(),
        document: stored["document"].as_str().unwrap_or_default().to_owned(),
        version: stored["version"].as_u64().unwrap_or_default(),
        expires_at: stored["lapses_at"].as_u64().map(Timestamp::from_millis),
    }
}

impl ApiKeys for RevocationLedger<'_> {
    async fn find(&self, id: &str, now: Timestamp) -> Result<Option<ApiKeyRecord>, Unavailable> {
        Ok(self.found(json!({ "find": { "id": id, "now": now.millis() } }))?.pop())
    }
}

impl ApiKeyAdmin for RevocationLedger<'_> {
    async fn put(
        &self,
        record: &ApiKeyRecord,
        expected: Precondition,
        now: Timestamp,
    ) -> Result<WriteOutcome, Unavailable> {
        let ApiKeyRecord { id, document, version, expires_at } = record;
        let expires_at = expires_at.map(Timestamp::millis);
        let record =
            json!({ "id": id, "document": document, "version": version, "lapses_at": expires_at });
        let expected = match expected {
            Precondition::Absent => Value::Null,
            Precondition::Version(version) => json!(version),
        };
        let put = json!({ "put": { "record": record, "expected": expected, "now": now.millis() } });
        let stored = self.ask(put)?["put"]["stored"].as_bool();
        Ok(if stored == Some(true) { WriteOutcome::Stored } else { WriteOutcome::Conflict })
    }

    async fn list(
        &self,
        after: Option<&str>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<ApiKeyRecord>, Unavailable> {
        self.found(json!({ "list": { "after": after, "limit": limit, "now": now.millis() } }))
    }
}
