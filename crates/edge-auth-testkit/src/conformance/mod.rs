//! What every store must do: one suite for each [`Grade`].
//!
//! A backend's test implements [`Backend`] for API-key records, [`FeedBackend`] for the revocation
//! feed, and ends with `conformance::run(&backend).await.must_pass()`, or [`run_feed`]. The suites
//! need no particular runtime, no clock and no sleep, so that they also run inside a Worker, which
//! answers with the report's text instead.

mod atomic;
mod basic;
mod check;
mod expiry;
mod feed;
#[cfg(test)]
mod feed_tests;
mod report;
#[cfg(test)]
mod tests;

use std::future::Future;

use edge_auth::platform::{ApiKeyAdmin, Unavailable};
use futures::future::join_all;

pub use check::Failure;
pub use feed::{FeedBackend, run_feed};
pub use report::Report;

/// A guarantee that a store gives, or declines to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grade {
    /// One writer: what was written is found and listed, exactly.
    Basic,
    /// Many writers: a write is a compare-and-set, and is seen by all handles at once.
    Atomic,
    /// What has lapsed is neither found nor listed, and is absent for a write.
    Expiry,
    /// A revocation feed: an ordered log without gaps, and snapshots.
    Feed,
}

impl Grade {
    /// All of a store of API-key records.
    pub const ALL: [Self; 3] = [Self::Basic, Self::Atomic, Self::Expiry];
}

/// How the suites reach the store under test.
pub trait Backend {
    /// The store.
    type Store: ApiKeyAdmin + 'static;

    /// Why the store does not offer this grade; `None` if it does. The reason is reported.
    fn declines(&self, grade: Grade) -> Option<&'static str>;

    /// A handle of its own on the storage of this name, which is empty when the name is new.
    ///
    /// Names are `[a-z_]{1,64}`; a run never uses one name for two checks. Two handles share
    /// what two processes would share, and no more.
    fn open(&self, storage: &str) -> impl Future<Output = Result<Self::Store, Unavailable>>;

    /// Runs the writers at the same time, and answers when all of them have ended.
    ///
    /// The default polls them in turn on one thread. That interleaves the writers of a store
    /// that waits for something; for one that never does, see [`on_threads`].
    fn at_once(&self, writers: Vec<Writer>) -> impl Future<Output = Vec<Written>> {
        join_all(writers)
    }
}

/// One of several concurrent writers.
#[cfg(not(target_family = "wasm"))]
pub type Writer = futures::future::BoxFuture<'static, Written>;
/// One of several concurrent writers.
#[cfg(target_family = "wasm")]
pub type Writer = futures::future::LocalBoxFuture<'static, Written>;

/// How many of its writes a writer saw stored.
pub type Written = Result<u64, Failure>;

/// Runs each writer on a thread of its own: [`Backend::at_once`] for stores that never wait.
#[cfg(not(target_family = "wasm"))]
pub fn on_threads(writers: Vec<Writer>) -> Vec<Written> {
    let threads: Vec<_> = writers
        .into_iter()
        .map(|writer| std::thread::spawn(|| futures::executor::block_on(writer)))
        .collect();
    threads
        .into_iter()
        .map(|thread| thread.join().unwrap_or_else(|_| Err(Failure::new("the writer panicked"))))
        .collect()
}

/// Runs the suites of all grades that the backend offers.
pub async fn run<B: Backend>(backend: &B) -> Report {
    let mut report = Report::default();
    for grade in Grade::ALL {
        if let Some(reason) = backend.declines(grade) {
            report.skip(grade, reason);
            continue;
        }
        match grade {
            Grade::Basic => basic::run(backend, &mut report).await,
            Grade::Atomic => atomic::run(backend, &mut report).await,
            Grade::Expiry => expiry::run(backend, &mut report).await,
            // Another trait's suite: `run_feed`.
            Grade::Feed => {}
        }
    }
    report
}
