//! Writes the revocation feed.

use edge_auth::platform::{
    LogTail, MaybeSend, RevocationFeed, RevocationRecord, SnapshotRecord, Unavailable,
};
use edge_auth_cloudflare::protocol::{Part, StoredRevocation, StoredSnapshot};
use edge_auth_cloudflare::store::unexpected;
use edge_auth_control::store::{RevocationLog, WriteOutcome};
use edge_auth_token::Timestamp;

use super::LedgerStore;
use super::protocol::{WriteRequest, WriteResponse};

impl RevocationFeed for LedgerStore {
    async fn acquire_read_lock(&self) -> impl MaybeSend {
        self.reads.acquire_read_lock().await
    }

    async fn since(&self, first: u64, limit: usize) -> Result<LogTail, Unavailable> {
        self.reads.since(first, limit).await
    }

    async fn marked(&self, mark: &str) -> Result<Vec<RevocationRecord>, Unavailable> {
        self.reads.marked(mark).await
    }

    async fn snapshot(&self) -> Result<Option<SnapshotRecord>, Unavailable> {
        self.reads.snapshot().await
    }

    async fn snapshot_part(&self, id: &str, index: u32) -> Result<Option<Vec<u8>>, Unavailable> {
        self.reads.snapshot_part(id, index).await
    }
}

impl RevocationLog for LedgerStore {
    async fn append(&self, records: &[RevocationRecord]) -> Result<WriteOutcome, Unavailable> {
        let records = records.iter().map(StoredRevocation::from).collect();
        self.write(&WriteRequest::Append { records }).await?.put()
    }

    async fn newest(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<RevocationRecord>, Unavailable> {
        let newest = WriteRequest::Newest { before, limit };
        let WriteResponse::Revocations(records) = self.write(&newest).await? else {
            return Err(unexpected());
        };
        Ok(records.into_iter().map(RevocationRecord::from).collect())
    }

    async fn put_snapshot_part(
        &self,
        id: &str,
        index: u32,
        bytes: &[u8],
    ) -> Result<(), Unavailable> {
        let part = WriteRequest::PutPart { id: id.to_owned(), index, part: Part::of(bytes) };
        // A part is written without a condition.
        let _ = self.write(&part).await?.put()?;
        // Before the snapshot is the newest one, so that no reader finds its part missing in KV.
        self.part_copies.write(id, index, bytes).await;
        Ok(())
    }

    async fn put_snapshot(&self, snapshot: &SnapshotRecord) -> Result<WriteOutcome, Unavailable> {
        self.write(&WriteRequest::PutSnapshot { snapshot: StoredSnapshot::from(snapshot) })
            .await?
            .put()
    }

    async fn forget(
        &self,
        before: u64,
        now: Timestamp,
        limit: usize,
    ) -> Result<usize, Unavailable> {
        let request = WriteRequest::Forget { before, now: now.millis(), limit };
        let WriteResponse::Forgotten(count) = self.write(&request).await? else {
            return Err(unexpected());
        };
        Ok(count)
    }
}
