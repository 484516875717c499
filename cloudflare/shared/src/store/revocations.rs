//! Reads the revocation feed.

use std::time::Duration;

use edge_auth::platform::{
    LogTail, MaybeSend, RevocationFeed, RevocationRecord, SnapshotRecord, Unavailable,
};

use super::{LedgerAccess, Stores, unexpected};
use crate::protocol::{ReadRequest, ReadResponse};

impl<A: LedgerAccess> RevocationFeed for Stores<A> {
    async fn acquire_read_lock(&self) -> impl MaybeSend {
        self.read_lock.next().await
    }

    async fn since(&self, first: u64, limit: usize) -> Result<LogTail, Unavailable> {
        let request = ReadRequest::Since { first, limit };
        let ReadResponse::Tail { records, age } = self.read(&request).await? else {
            return Err(unexpected());
        };
        let records = records.into_iter().map(RevocationRecord::from).collect();
        Ok(LogTail { records, age: Duration::from_millis(age) })
    }

    async fn marked(&self, mark: &str) -> Result<Vec<RevocationRecord>, Unavailable> {
        let request = ReadRequest::Marked { mark: mark.to_owned() };
        let ReadResponse::Revocations(records) = self.read(&request).await? else {
            return Err(unexpected());
        };
        Ok(records.into_iter().map(RevocationRecord::from).collect())
    }

    async fn snapshot(&self) -> Result<Option<SnapshotRecord>, Unavailable> {
        let ReadResponse::Snapshot(snapshot) = self.read(&ReadRequest::Snapshot).await? else {
            return Err(unexpected());
        };
        Ok(snapshot.map(SnapshotRecord::from))
    }

    async fn snapshot_part(&self, id: &str, index: u32) -> Result<Option<Vec<u8>>, Unavailable> {
        // Whoever asks again may not have believed a copy.
        let current = !self.parts.borrow_mut().insert((id.to_owned(), index));
        let request = ReadRequest::Part { id: id.to_owned(), index, current };
        let ReadResponse::Part(part) = self.read(&request).await? else {
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
