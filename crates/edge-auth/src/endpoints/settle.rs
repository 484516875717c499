//! What a host does for each request besides carrying bytes, and how an outcome is settled.

use std::future::Future;

use edge_auth_token::{MaybeSend, MaybeSync, Timestamp};

use crate::audit::AuditEvent;
use crate::gate::{Decision, DeferredTask, Outcome};
use crate::platform::Randomness;

/// What a host does for a request while it is answered.
pub trait HostRuntime: MaybeSync {
    /// Returns the time.
    fn now(&self) -> Timestamp;

    /// Returns the source of new keys and identifiers.
    fn randomness(&self) -> &dyn Randomness;

    /// Runs a decision within the time that the host gives one.
    ///
    /// # Errors
    /// Time ran out: how much there was, for the operator.
    fn in_time<T: MaybeSend>(
        &self,
        decision: impl Future<Output = T> + MaybeSend,
    ) -> impl Future<Output = Result<T, String>> + MaybeSend {
        async { Ok(decision.await) }
    }

    /// Warns the operator.
    fn warn(&self, notice: String);

    /// Runs a task beside the answer, or before it where nothing runs later.
    fn defer(&self, task: DeferredTask) -> impl Future<Output = ()> + MaybeSend;

    /// Writes an audit event.
    ///
    /// # Errors
    /// It cannot be written, so the request may not pass.
    fn record(&self, event: AuditEvent)
    -> impl Future<Output = Result<(), Unrecorded>> + MaybeSend;
}

/// The audit log takes no events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unrecorded;

/// Carries out what an outcome leaves to do, and writes its audit event.
///
/// # Errors
/// The event cannot be written: the request may not pass.
pub async fn settle(host: &impl HostRuntime, outcome: Outcome) -> Result<Decision, Unrecorded> {
    let Outcome { decision, audit, notices, deferred_tasks, .. } = outcome;
    for notice in notices {
        host.warn(notice);
    }
    for task in deferred_tasks {
        host.defer(task).await;
    }
    host.record(audit).await?;
    Ok(decision)
}
