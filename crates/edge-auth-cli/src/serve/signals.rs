//! Signals: stop, and read the policy again.

use std::future::Future;
use std::io;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use super::{Host, Notices, Tls};
use crate::failure::Failure;
use crate::output::count;

/// Ready on SIGINT or SIGTERM.
pub(crate) fn stop() -> Result<impl Future<Output = ()>, Failure> {
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
    host: &Arc<Host>,
    tls: Option<Arc<Tls>>,
    notices: Notices,
) -> Result<(), Failure> {
    let mut hangup = signal(SignalKind::hangup()).map_err(trouble)?;
    let host = Arc::downgrade(host);
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            let Some(host) = host.upgrade() else {
                return;
            };
            match host.reload() {
                Ok(()) => {
                    let rules = count(host.gate().policy().rule_count(), "rule");
                    notices.tell(format!("policy read again: {rules}"));
                }
                Err(failure) => {
                    notices
                        .tell("the policy was NOT taken over; the last good one stays in force".to_owned());
                    failure.to_string().lines().for_each(|line| notices.tell(line.to_owned()));
                }
            }
            if let Some(Err(failure)) = tls.as_ref().map(|tls| tls.reload()) {
                notices.tell("the certificates were NOT taken over; the last good ones stay".to_owned());
                notices.tell(failure.to_string());
            }
        }
    });
    Ok(())
}

fn trouble(error: io::Error) -> Failure {
    Failure::trouble(format!("signals cannot be watched: {error}"))
}
