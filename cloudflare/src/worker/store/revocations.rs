//! Reads and writes the revocation feed.

use edge_auth::platform::{MaybeSend, RevocationFeed, RevocationRecord, SnapshotRecord, Unavailable};
use edge_auth_control::store::{RevocationLog, WriteOutcome};
use edge_auth_token::Timestamp;

use super::protocol::{Part, StoreRequest, StoreResponse, StoredRevocation, StoredSnapshot};
use super::{Stores, unexpected};

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
        let StoreResponse::Snapshot(snapshot) = self.ask(&StoreRequest::Snapshot).await? else {
            return Err(unexpected());
        };
        Ok(snapshot.map(SnapshotRecord::from))
    }

    async fn snapshot_part(&self, id: &str, index: u32) -> Result<Option<Vec<u8>>, Unavailable> {
        let request = StoreRequest::Part { id: id.to_owned(), index };
        let StoreResponse::Part(part) = self.ask(&request).await? else {
            return Err(unexpected());
        };
        let Some(part) = part else {
            return Ok(None);
        };
        match part.bytes() {
            Some(bytes) => Ok(Some(bytes)),
            None => Err(Unavailable::new(
                "the ledger: a part of the snapshot is damaged: it is not base64",
            )),
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
        let request = StoreRequest::Forget { before, now: now.millis(), limit };
        let StoreResponse::Forgotten(count) = self.ask(&request).await? else {
            return Err(unexpected());
        };
        Ok(count)
    }
}

fn records(answer: StoreResponse) -> Result<Vec<RevocationRecord>, Unavailable> {
    let StoreResponse::Revocations(records) = answer else {
        return Err(unexpected());
    };
    Ok(records.into_iter().map(RevocationRecord::from).collect())
}
