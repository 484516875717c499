//! Conformance suites for stores, one for each [`Grade`].
//!
//! A backend's test implements [`Backend`] for API-key records or [`FeedBackend`] for the
//! revocation feed, and ends with `conformance::run(&backend).await.must_pass()` or [`run_feed`].
//! The suites need no particular runtime, no clock and no sleep, so that they also run inside a
//! Worker, which answers with the report's text instead.

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

use edge_auth::platform::Unavailable;
use edge_auth_control::store::ApiKeyAdmin;
use futures::future::join_all;

pub use check::Failure;
pub use feed::{FeedBackend, run_feed};
pub use report::Report;

/// A guarantee that a store gives or declines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grade {
    /// One writer: records that were written are found and listed exactly.
    Basic,
    /// Many writers: a write is a compare-and-set, and every handle sees it immediately.
    Atomic,
    /// An expired record is neither found nor listed, and counts as absent for a write.
    Expiry,
    /// A revocation feed: an ordered log without gaps, and snapshots.
    Feed,
}

impl Grade {
    /// The grades of a store of API-key records.
    pub const ALL: [Self; 3] = [Self::Basic, Self::Atomic, Self::Expiry];
}

/// Gives the suites access to the store under test.
pub trait Backend {
    /// The store.
    type Store: ApiKeyAdmin + 'static;

    /// Returns the reason for which the store does not offer this grade, or `None` if it does. The
    /// report shows the reason.
    fn declines(&self, grade: Grade) -> Option<&'static str>;

    /// Opens another handle on the storage of this name, which is empty if the name is new.
    ///
    /// Names are `[a-z_]{1,64}`, and a run uses each name for one check only. Two handles share
    /// exactly what two processes would share.
    fn open(&self, storage: &str) -> impl Future<Output = Result<Self::Store, Unavailable>>;

    /// Runs the writers concurrently and returns when all of them have ended.
    ///
    /// The default polls them in turn on one thread, which interleaves the writers of a store that
    /// waits. For a store that never waits, use [`on_threads`].
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

/// The number of writes that a writer saw stored.
pub type Written = Result<u64, Failure>;

/// Runs each writer on its own thread: [`Backend::at_once`] for stores that never wait.
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
            // [`run_feed`] runs this suite, which needs another trait.
            Grade::Feed => {}
        }
    }
    report
}
