//! What a host provides: one small trait for each thing that is I/O.
//!
//! A method answers, or it is [`Unavailable`]: trouble of the host, never of the caller.

mod revocations;

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use edge_auth_token::Timestamp;
pub use edge_auth_token::{MaybeSend, MaybeSync};
use pki_types::CertificateDer;
pub use revocations::{
    MAX_APPENDED, NoRevocations, RevocationFeed, RevocationLog, RevocationRecord,
    SNAPSHOT_PART_BYTES, SnapshotRecord,
};

/// Everything that the gate may ask of its host.
pub trait Platform: MaybeSend + MaybeSync {
    /// Where API-key records are read.
    type ApiKeys: ApiKeys;
    /// Where issuers' key sets are fetched.
    type KeySource: KeySource;
    /// Where revocations are read; [`NoRevocations`] on a host without a feed.
    type Revocations: RevocationFeed;

    /// The API-key records.
    fn api_keys(&self) -> &Self::ApiKeys;
    /// The fetcher of key sets.
    fn key_source(&self) -> &Self::KeySource;
    /// The revocation feed.
    fn revocations(&self) -> &Self::Revocations;

    /// Does `work`, and says how long that took: what is known ages while a request waits.
    fn timed<W: Future<Output: MaybeSend> + MaybeSend>(
        &self,
        work: W,
    ) -> impl Future<Output = (W::Output, Duration)> + MaybeSend;
}

/// The host could not answer. The detail is for the operator's log and holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(pub String);

impl Unavailable {
    /// With a detail for the operator's log.
    pub fn new(detail: impl Into<String>) -> Self {
        Self(detail.into())
    }
}

/// Reads API-key records: all that the hot path needs.
pub trait ApiKeys: MaybeSend + MaybeSync {
    /// The record under this id, unless there is none or it has lapsed at `now`.
    fn find(
        &self,
        id: &str,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<ApiKeyRecord>, Unavailable>> + MaybeSend;

    /// The record as it is now: where [`ApiKeys::find`] may answer from a copy that lags behind,
    /// this does not.
    fn current(
        &self,
        id: &str,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<ApiKeyRecord>, Unavailable>> + MaybeSend {
        self.find(id, now)
    }
}

/// Changes API-key records: for administration only.
pub trait ApiKeyAdmin: ApiKeys {
    /// Writes the record if the stored one is as `expected`, atomically. A lapsed record counts
    /// as absent.
    fn put(
        &self,
        record: &ApiKeyRecord,
        expected: Precondition,
        now: Timestamp,
    ) -> impl Future<Output = Result<WriteOutcome, Unavailable>> + MaybeSend;

    /// Up to `limit` records that have not lapsed at `now`, ordered by id (bytewise), those after
    /// `after` only.
    fn list(
        &self,
        after: Option<&str>,
        limit: usize,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<ApiKeyRecord>, Unavailable>> + MaybeSend;
}

/// An API-key record as a store keeps it: opaque to the store, and to be believed by nobody
/// before its MAC was checked ([`crate::api_key`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyRecord {
    /// The key's id, unique in the store; at most 128 bytes.
    pub id: String,
    /// The record's text, with its MAC.
    pub document: String,
    /// Counts the writes of this id, from 1; the base of compare-and-set.
    pub version: u64,
    /// When the store may forget the record, and must no longer answer it; `None` is never.
    pub expires_at: Option<Timestamp>,
}

/// What must be stored for a write to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precondition {
    /// No record has this id.
    Absent,
    /// The record has exactly this version.
    Version(u64),
}

/// How a write ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum WriteOutcome {
    /// The record is stored, durably.
    Stored,
    /// Something else is stored than was expected; nothing was changed.
    Conflict,
}

/// Fetches the documents that issuers publish.
pub trait KeySource: MaybeSend + MaybeSync {
    /// `GET`s one JSON document (a JWK set, or discovery metadata). No redirect is followed; more
    /// than `max_bytes` and too slow an answer are refused; only status 200 is an answer.
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
    /// Fills the whole of `bytes`.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Unavailable>;
}
