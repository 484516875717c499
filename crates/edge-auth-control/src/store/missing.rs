//! The stores of a control plane that has none.

use edge_auth::platform::{
    ApiKeyRecord, ApiKeys, LogTail, NoRevocations, RevocationFeed, RevocationRecord,
    SnapshotRecord, Unavailable,
};
use edge_auth_token::Timestamp;

use super::{ApiKeyAdmin, Precondition, RevocationLog, WriteOutcome};

/// The store of a host without one. It is unavailable; the text tells the operator what to do.
#[derive(Debug, Clone, Copy)]
pub struct MissingStore(pub &'static str);

impl MissingStore {
    fn fail<T>(self) -> Result<T, Unavailable> {
        Err(Unavailable::new(self.0))
    }
}

impl ApiKeys for MissingStore {
    async fn find(&self, _: &str, _: Timestamp) -> Result<Option<ApiKeyRecord>, Unavailable> {
        self.fail()
    }
}

impl ApiKeyAdmin for MissingStore {
    async fn put(
        &self,
        _: &ApiKeyRecord,
        _: Precondition,
        _: Timestamp,
    ) -> Result<WriteOutcome, Unavailable> {
        self.fail()
    }

    async fn list(
        &self,
        _: Option<&str>,
        _: usize,
        _: Timestamp,
    ) -> Result<Vec<ApiKeyRecord>, Unavailable> {
        self.fail()
    }
}

impl RevocationFeed for MissingStore {
    async fn since(&self, _: u64, _: usize) -> Result<LogTail, Unavailable> {
        self.fail()
    }

    async fn marked(&self, _: &str) -> Result<Vec<RevocationRecord>, Unavailable> {
        self.fail()
    }

    async fn snapshot(&self) -> Result<Option<SnapshotRecord>, Unavailable> {
        self.fail()
    }

    async fn snapshot_part(&self, _: &str, _: u32) -> Result<Option<Vec<u8>>, Unavailable> {
        self.fail()
    }
}

/// Writes the log of a host without one.
macro_rules! unavailable_log {
    ($store:ty, $missing:expr) => {
        impl RevocationLog for $store {
            async fn append(&self, _: &[RevocationRecord]) -> Result<WriteOutcome, Unavailable> {
                $missing(self).fail()
            }

            async fn newest(
                &self,
                _: Option<u64>,
                _: usize,
            ) -> Result<Vec<RevocationRecord>, Unavailable> {
                $missing(self).fail()
            }

            async fn put_snapshot_part(
                &self,
                _: &str,
                _: u32,
                _: &[u8],
            ) -> Result<(), Unavailable> {
                $missing(self).fail()
            }

            async fn put_snapshot(&self, _: &SnapshotRecord) -> Result<WriteOutcome, Unavailable> {
                $missing(self).fail()
            }

            async fn forget(&self, _: u64, _: Timestamp, _: usize) -> Result<usize, Unavailable> {
                $missing(self).fail()
            }
        }
    };
}

unavailable_log!(MissingStore, |store: &MissingStore| *store);
unavailable_log!(NoRevocations, |_: &NoRevocations| MissingStore(
    "this host has no revocation feed"
));
