//! The audit log: one line of JSON for each decision, on the standard output stream.

use std::io::{self, BufWriter, Write};
use std::thread::{self, JoinHandle};

use edge_auth::AuditEvent;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::notice;

/// How many events may wait to be written. Beyond that, answers wait for the log: an event is
/// never dropped.
const WAITING: usize = 4096;

/// Where decisions are written down.
#[derive(Debug, Clone)]
pub(crate) struct AuditLog(Sender<Entry>);

/// The thread that writes.
pub(crate) struct Writer {
    log: AuditLog,
    thread: JoinHandle<()>,
}

/// What is sent to the thread.
enum Entry {
    Event(Box<AuditEvent>),
    /// All that is to be written was sent.
    End,
}

impl AuditLog {
    /// A log to `out`, and its writer.
    pub(crate) fn start(out: impl Write + Send + 'static) -> io::Result<(Self, Writer)> {
        let (sender, receiver) = channel(WAITING);
        let thread =
            thread::Builder::new().name("audit-log".to_owned()).spawn(|| write_all(receiver, out))?;
        let log = Self(sender);
        Ok((log.clone(), Writer { log, thread }))
    }

    /// Writes down one decision.
    pub(crate) async fn write(&self, event: AuditEvent) {
        // Once the writer has ended, so has the server.
        let _ = self.0.send(Entry::Event(Box::new(event))).await;
    }
}

impl Writer {
    /// Waits until all that was decided so far is written.
    pub(crate) async fn finish(self) {
        if self.log.0.send(Entry::End).await.is_ok() {
            // A panic of the thread was told by the runtime already.
            let _ = tokio::task::spawn_blocking(|| self.thread.join()).await;
        }
    }
}

fn write_all(mut events: Receiver<Entry>, out: impl Write) {
    let mut out = BufWriter::new(out);
    let mut told = false;
    while let Some(Entry::Event(event)) = events.blocking_recv() {
        let written = serde_json::to_writer(&mut out, &event)
            .map_err(io::Error::from)
            .and_then(|()| out.write_all(b"\n"))
            .and_then(|()| if events.is_empty() { out.flush() } else { Ok(()) });
        match written {
            Err(error) if !told => {
                notice(&format!("the audit log cannot be written: {error}"));
                told = true;
            }
            Err(_) => {}
            Ok(()) => told = false,
        }
    }
    if let Err(error) = out.flush() {
        notice(&format!("the audit log cannot be written: {error}"));
    }
}
