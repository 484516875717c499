//! Reads and writes the revocation feed.

use edge_auth::platform::{
    MaybeSend, RevocationFeed, RevocationLog, RevocationRecord, SnapshotRecord, Unavailable,
    WriteOutcome,
};
use edge_auth_token::Timestamp;

use super::Stores;
use super::protocol::{Part, StoreRequest, StoreResponse, StoredRevocation, StoredSnapshot};

impl RevocationFeed for Stores {
    async fn acquire_read_lock(&self) -> impl MaybeSend {
        self.read_lock.next().await
    }

    async fn since(&self, first: u64, limit: usize) -> Result<Vec<RevocationRecord>, Unavailable> {
        records(self.ask(&StoreRequest::Since { first, limit }).await?)
    }

    async fn marked(&self, mark: &str) -> Result<Vec<RevocationRecord>, Unavailable> {
        records(self.ask(&StoreRequest::Marked { mark: mark.to_owned() }).await?)
    }

    async fn snapshot(&self) -> Result<Option<SnapshotRecord>, Unavailable> {
        match self.ask(&StoreRequest::Snapshot).await? {
            StoreResponse::Snapshot(snapshot) => Ok(snapshot.map(SnapshotRecord::from)),
            other => Err(other.unasked()),
        }
    }

    async fn snapshot_part(&self, id: &str, index: u32) -> Result<Option<Vec<u8>>, Unavailable> {
        match self.ask(&StoreRequest::Part { id: id.to_owned(), index }).await? {
            StoreResponse::Part(None) => Ok(None),
            StoreResponse::Part(Some(part)) => match part.bytes() {
                Some(bytes) => Ok(Some(bytes)),
                None => Err(Unavailable::new(
                    "the ledger: a part of the snapshot is damaged: it is not base64",
                )),
            },
            other => Err(other.unasked()),
        }
    }
}

impl RevocationLog for Stores {
    async fn append(&self, records: &[RevocationRecord]) -> Result<WriteOutcome, Unavailable> {
        let records = records.iter().map(StoredRevocation::from).collect();
        self.ask(&StoreRequest::Append { records }).await?.put()
    }

    async fn newest(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<RevocationRecord>, Unavailable> {
        records(self.ask(&StoreRequest::Newest { before, limit }).await?)
    }

    async fn put_snapshot_part(
        &self,
        id: &str,
        index: u32,
        bytes: &[u8],
    ) -> Result<(), Unavailable> {
        let part = StoreRequest::PutPart { id: id.to_owned(), index, part: Part::of(bytes) };
        self.ask(&part).await?.put().map(|_| ())
    }

    async fn put_snapshot(&self, snapshot: &SnapshotRecord) -> Result<WriteOutcome, Unavailable> {
        self.ask(&StoreRequest::PutSnapshot { snapshot: StoredSnapshot::from(snapshot) })
            .await?
            .put()
    }

    async fn forget(
        &self,
        before: u64,
        now: Timestamp,
        limit: usize,
    ) -> Result<usize, Unavailable> {
        match self.ask(&StoreRequest::Forget { before, now: now.millis(), limit }).await? {
            StoreResponse::Forgotten(count) => Ok(count),
            other => Err(other.unasked()),
        }
    }
}

fn records(answer: StoreResponse) -> Result<Vec<RevocationRecord>, Unavailable> {
    match answer {
        StoreResponse::Revocations(records) => {
            Ok(records.into_iter().map(RevocationRecord::from).collect())
        }
        other => Err(other.unasked()),
    }
}
