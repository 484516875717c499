//! The audit log: one line of JSON for each decision, on the standard output stream.

use std::io::{self, Write};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use edge_auth::AuditEvent;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::operator_log::OperatorLog;
use crate::error::CommandError;

/// The most events that wait to be written.
const WAITING: usize = 4096;
/// The time that a request, or the end of the server, waits for the log's reader.
const PATIENCE: Duration = Duration::from_secs(5);
/// The approximate size of one write, in bytes.
const BATCH: usize = 64 * 1024;

/// Sends decisions to the thread that writes them.
#[derive(Debug, Clone)]
pub(crate) struct AuditLog(Sender<Entry>);

/// The thread that writes.
pub(crate) struct Writer {
    log: AuditLog,
    thread: JoinHandle<()>,
}

/// A message to the thread.
#[derive(Debug)]
enum Entry {
    Event(Box<AuditEvent>),
    /// The last message.
    End,
}

/// The log's reader has stopped reading, and the queue is full.
#[derive(Debug)]
pub(super) struct Backpressure;

impl AuditLog {
    /// Starts a log that writes to `out`.
    pub(crate) fn start(
        out: impl Write + Send + 'static,
        notices: OperatorLog,
    ) -> io::Result<(Self, Writer)> {
        let (sender, receiver) = channel(WAITING);
        let write = move || write_all(receiver, out, &notices);
        let thread = thread::Builder::new().name("audit-log".to_owned()).spawn(write)?;
        let log = Self(sender);
        Ok((log.clone(), Writer { log, thread }))
    }

    /// Queues one decision to be written.
    pub(super) async fn write(&self, event: AuditEvent) -> Result<(), Backpressure> {
        self.send(Entry::Event(Box::new(event))).await
    }

    async fn send(&self, entry: Entry) -> Result<(), Backpressure> {
        match tokio::time::timeout(PATIENCE, self.0.send(entry)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Backpressure),
        }
    }
}

impl Writer {
    /// Waits until every queued decision is written.
    pub(crate) async fn finish(self) -> Result<(), CommandError> {
        let backpressure = || {
            CommandError::host(
                "the audit log's reader stopped reading: its last events are not written",
            )
        };
        self.log.send(Entry::End).await.map_err(|Backpressure| backpressure())?;
        // The process may end while this thread still waits.
        let (sender, written) = tokio::sync::oneshot::channel();
        let _ = thread::Builder::new().spawn(move || {
            let _ = self.thread.join();
            let _ = sender.send(());
        });
        tokio::time::timeout(PATIENCE, written).await.map(drop).map_err(|_| backpressure())
    }
}

fn write_all(mut events: Receiver<Entry>, mut out: impl Write, notices: &OperatorLog) {
    let mut batch = Vec::new();
    let (mut waiting, mut lost) = (0_u64, 0_u64);
    let mut ended = false;
    while !ended {
        match events.blocking_recv() {
            Some(Entry::Event(event)) => {
                // Writing a plain structure to memory cannot fail.
                let _ = serde_json::to_writer(&mut batch, &event);
                batch.push(b'\n');
                waiting += 1;
            }
            Some(Entry::End) | None => ended = true,
        }
        if !ended && !events.is_empty() && batch.len() < BATCH {
            continue;
        }
        match out.write_all(&batch).and_then(|()| out.flush()) {
            Ok(()) if lost > 0 => {
                notices.tell(format!("the audit log is written again; {lost} events are lost"));
                lost = 0;
            }
            Ok(()) => {}
            Err(error) => {
                if lost == 0 {
                    notices.tell(format!("the audit log cannot be written: {error}"));
                }
                lost += waiting;
            }
        }
        batch.clear();
        if lost > 0 {
            // The failed write may have left half a line.
            batch.push(b'\n');
        }
        waiting = 0;
    }
}

#[cfg(test)]
mod tests;
