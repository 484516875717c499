//! What a host provides: one small trait for each kind of I/O. A gate only reads its stores: the
//! traits that write them are the control plane's.
//!
//! A method returns [`Unavailable`] for a fault of the host, and never for one of the caller.

mod revocations;

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use edge_auth_token::Timestamp;
pub use edge_auth_token::{MaybeSend, MaybeSync};
use pki_types::CertificateDer;
pub use revocations::{
    LogTail, NoRevocations, RELAY_KEEPS, RevocationFeed, RevocationRecord, SNAPSHOT_PART_BYTES,
    SnapshotRecord,
};

/// The stores and sources that a gate uses on its host.
pub trait Platform: MaybeSend + MaybeSync {
    /// The store of API-key records.
    type ApiKeys: ApiKeys;
    /// The fetcher of issuers' key sets.
    type KeySource: KeySource;
    /// The feed of revocations; [`NoRevocations`] on a host without one.
    type Revocations: RevocationFeed;

    /// Returns the store of API-key records.
    fn api_keys(&self) -> &Self::ApiKeys;
    /// Returns the fetcher of key sets.
    fn key_source(&self) -> &Self::KeySource;
    /// Returns the revocation feed.
    fn revocations(&self) -> &Self::Revocations;

    /// Does `work`, and returns how long that took: what a request knows ages while it waits.
    fn timed<W: Future<Output: MaybeSend> + MaybeSend>(
        &self,
        work: W,
    ) -> impl Future<Output = (W::Output, Duration)> + MaybeSend;
}

/// An outage of the host. The detail is for the operator's log and holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(pub String);

impl Unavailable {
    /// Makes an outage with a detail for the operator's log.
    pub fn new(detail: impl Into<String>) -> Self {
        Self(detail.into())
    }
}

/// Reads API-key records: everything that a decision needs.
pub trait ApiKeys: MaybeSend + MaybeSync {
    /// Returns the record with this id; `None` if the store has none, or if it has lapsed at `now`.
    fn find(
        &self,
        id: &str,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<ApiKeyRecord>, Unavailable>> + MaybeSend;

    /// Returns the record as it is now, and never from a copy that lags behind, as
    /// [`ApiKeys::find`] may.
    fn current(
        &self,
        id: &str,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<ApiKeyRecord>, Unavailable>> + MaybeSend {
        self.find(id, now)
    }
}

/// An API-key record as a store keeps it. The store does not read it, and [`crate::api_key`] checks
/// its MAC before it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyRecord {
    /// The key's id, unique in the store; at most 128 bytes.
    pub id: String,
    /// The record's text, with its MAC.
    pub document: String,
    /// Counts the writes of this id, from 1; the base of compare-and-set.
    pub version: u64,
    /// When the record lapses: from then on the store must not return it, and may drop it. `None`
    /// is never.
    pub expires_at: Option<Timestamp>,
}

/// Fetches the documents that issuers publish.
pub trait KeySource: MaybeSend + MaybeSync {
    /// `GET`s one JSON document (a JWK set, or discovery metadata). Follows no redirect, and
    /// accepts only status 200. Fails if the document has more than `max_bytes`, or comes too
    /// slowly.
    fn fetch(
        &self,
        url: &str,
        max_bytes: usize,
    ) -> impl Future<Output = Result<Vec<u8>, Unavailable>> + MaybeSend;

    /// Fetches as [`Self::fetch`] does, with the authorities and the bearer token of these
    /// options. A host that does not implement it refuses all but the default options.
    fn fetch_with(
        &self,
        url: &str,
        max_bytes: usize,
        options: &FetchOptions,
    ) -> impl Future<Output = Result<Vec<u8>, Unavailable>> + MaybeSend {
        async move {
            if *options != FetchOptions::default() {
                let message = "this host fetches with neither `ca_file` nor `bearer_file`";
                return Err(Unavailable::new(message));
            }
            self.fetch(url, max_bytes).await
        }
    }
}

/// How the documents of one issuer are fetched.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct FetchOptions {
    /// The only authorities that the host trusts for this fetch; empty means the host's own.
    pub authorities: Vec<CertificateDer<'static>>,
    /// The file with the bearer token that the host sends (RFC 6750, section 2.1). It reads the
    /// file for every fetch, and sends the token over https or to this machine only.
    pub bearer_file: Option<PathBuf>,
}

/// A source of random bytes fit for keys.
pub trait Randomness: MaybeSend + MaybeSync {
    /// Fills all of `bytes`.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Unavailable>;
}
