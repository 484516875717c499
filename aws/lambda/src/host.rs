//! The host of one event: it writes the audit log and notices, and runs deferred tasks.

use std::io::Write;
use std::time::Duration;

use edge_auth::endpoints::{HostRuntime, Unrecorded};
use edge_auth::platform::{MaybeSend, Randomness};
use edge_auth::{AuditEvent, DeferredTask, Gate};
use edge_auth_native::{SystemRandomness, now};
use edge_auth_token::Timestamp;

use crate::deadline;
use crate::platform::LambdaPlatform;

/// How long an answer waits for deferred work.
const DEFERRED: Duration = Duration::from_secs(1);

/// The host of one event, for the dispatchers of the core.
pub struct LambdaHost<'a>(pub &'a Gate<LambdaPlatform>);

impl HostRuntime for LambdaHost<'_> {
    fn now(&self) -> Timestamp {
        now()
    }

    fn randomness(&self) -> &dyn Randomness {
        &SystemRandomness
    }

    async fn in_time<T: MaybeSend>(
        &self,
        decision: impl Future<Output = T> + MaybeSend,
    ) -> Result<T, String> {
        deadline::in_time(decision).await
    }

    fn warn(&self, notice: String) {
        tell([notice]);
    }

    /// Runs the task before the answer: after it, Lambda freezes the function.
    async fn defer(&self, task: DeferredTask) {
        match tokio::time::timeout(DEFERRED, self.0.run_deferred(task, now())).await {
            Ok(notices) => tell(notices),
            Err(_) => tell([format!(
                "deferred work was stopped after {DEFERRED:?}; a later event repeats it"
            )]),
        }
    }

    async fn record(&self, event: AuditEvent) -> Result<(), Unrecorded> {
        if let Err(error) = write_line(&event) {
            tell([format!("the audit event cannot be written: {error}")]);
            return Err(Unrecorded);
        }
        Ok(())
    }
}

/// Writes an audit event to the standard output stream.
fn write_line(event: &AuditEvent) -> std::io::Result<()> {
    let line = serde_json::to_string(event)?;
    writeln!(std::io::stdout().lock(), "{line}")
}

/// Writes notices for the operator to the standard error stream.
pub fn tell(notices: impl IntoIterator<Item = String>) {
    for notice in notices {
        // A notice that cannot be written changes no answer.
        let _ = writeln!(std::io::stderr().lock(), "edge-auth: {notice}");
    }
}
