//! What a host does for each request besides carrying bytes ([`HostRuntime`]), and the settling of an
//! outcome: its warnings, its deferred tasks and its audit event.

use std::future::Future;

use edge_auth_token::{MaybeSend, MaybeSync, Timestamp};

use super::refusal::refuse;
use crate::audit::AuditEvent;
use crate::denial::{Code, Denial};
use crate::gate::{Decision, DeferredTask, Gate, Outcome};
use crate::platform::{Platform, Randomness};
use crate::reply::Reply;
use crate::request::InboundRequest;

/// What an endpoint needs from the host while it answers a request.
pub trait HostRuntime: MaybeSync {
    /// Returns the time.
    fn now(&self) -> Timestamp;

    /// Returns the source of new keys and identifiers.
    fn randomness(&self) -> &dyn Randomness;

    /// Runs a decision within the time that the host gives one.
    ///
    /// # Errors
    /// Time ran out. The text says how much there was, for the operator.
    fn in_time<T: MaybeSend>(
        &self,
        decision: impl Future<Output = T> + MaybeSend,
    ) -> impl Future<Output = Result<T, String>> + MaybeSend {
        async { Ok(decision.await) }
    }

    /// Warns the operator.
    fn warn(&self, notice: String);

    /// Runs a task beside the answer, or before it on a host where nothing runs later.
    fn defer(&self, task: DeferredTask) -> impl Future<Output = ()> + MaybeSend;

    /// Writes an audit event.
    ///
    /// # Errors
    /// The event cannot be written, so the request must not pass.
    fn record(&self, event: AuditEvent)
    -> impl Future<Output = Result<(), Unrecorded>> + MaybeSend;
}

/// The audit log cannot take the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unrecorded;

/// Reports an outcome's notices, runs its tasks, and writes its audit event.
///
/// # Errors
/// The event cannot be written, so the request must not pass.
pub async fn settle(host: &impl HostRuntime, outcome: Outcome) -> Result<Decision, Unrecorded> {
    let Outcome { decision, audit, notices, deferred_tasks, .. } = outcome;
    for notice in notices {
        host.warn(notice);
    }
    for task in deferred_tasks {
        host.defer(task).await;
    }
    if let Some(audit) = audit {
        host.record(audit).await?;
    }
    Ok(decision)
}

/// Returns the reply once its decision is on record.
pub async fn settled(host: &impl HostRuntime, (reply, outcome): (Reply, Outcome)) -> Reply {
    match settle(host, outcome).await {
        Ok(_) => reply,
        Err(Unrecorded) => undecided(),
    }
}

/// Returns the decision, or the refusal of one that takes too long.
///
/// # Errors
/// The refusal, for [`settled`].
pub async fn in_time<P: Platform, T: MaybeSend>(
    gate: &Gate<P>,
    inbound: &InboundRequest<'_>,
    host: &impl HostRuntime,
    decision: impl Future<Output = T> + MaybeSend,
) -> Result<T, (Reply, Outcome)> {
    match host.in_time(decision).await {
        Ok(decided) => Ok(decided),
        Err(late) => {
            let denial = Denial::new(Code::StoreUnavailable, late);
            Err(refuse(gate, inbound, denial, host.now()))
        }
    }
}

pub(super) fn undecided() -> Reply {
    Reply::host_error(503, "The gate cannot decide at the moment.")
}
