//! Signals that stop the server or have it read the policy again.

use std::future::Future;
use std::io;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use super::{OperatorLog, Server, Tls};
use crate::error::CommandError;
use crate::output::count;

/// Returns a future that completes on SIGINT or SIGTERM.
pub(crate) fn stop() -> Result<impl Future<Output = ()>, CommandError> {
    let mut interrupt = signal(SignalKind::interrupt()).map_err(trouble)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(trouble)?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Reads the policy and the listener's certificates again on every SIGHUP, for as long as the host
/// lives.
pub(super) fn reload_on_hangup(
    host: &Arc<Server>,
    tls: Option<Arc<Tls>>,
    notices: OperatorLog,
) -> Result<(), CommandError> {
    let mut hangup = signal(SignalKind::hangup()).map_err(trouble)?;
    let host = Arc::downgrade(host);
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            let Some(host) = host.upgrade() else {
                return;
            };
            match reload(&host, tls.as_deref()) {
                Ok(warnings) => {
                    warnings.into_iter().for_each(|text| notices.tell(text));
                    let gate = host.gate();
                    let rules = count(gate.policy().rule_count(), "rule");
                    let digest = gate.policy().digest();
                    notices.tell(format!("policy read again: {rules}, policy {digest}"));
                }
                Err(failure) => {
                    let kept =
                        if tls.is_some() { "policy and certificates stay" } else { "one stays" };
                    notices.tell(format!(
                        "the new policy was NOT loaded; the last good {kept} in force"
                    ));
                    failure.to_string().lines().for_each(|line| notices.tell(line.to_owned()));
                }
            }
        }
    });
    Ok(())
}

/// Takes over the new policy and certificates, or neither: they may share a file.
fn reload(host: &Server, tls: Option<&Tls>) -> Result<Vec<String>, CommandError> {
    let candidate = host.prepare()?;
    let mut warnings = Vec::new();
    if candidate.asks_anyone && tls.is_none() {
        return Err(super::pins_without_tls());
    }
    if let Some(tls) = tls {
        let read = tls.read(candidate.asks_anyone)?;
        warnings.extend(read.notice.clone());
        tls.take_over(read);
    }
    warnings.extend(host.take_over(candidate));
    Ok(warnings)
}

fn trouble(error: io::Error) -> CommandError {
    CommandError::host(format!("signals cannot be watched: {error}"))
}
