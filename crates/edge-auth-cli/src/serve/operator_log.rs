//! Notices for the operator on the standard error stream. A thread writes them, so that a stalled
//! reader of the stream holds nothing up.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// The most notices that wait. Those beyond are dropped, and their number is logged.
const WAITING: usize = 256;

/// Sends notices to the thread that writes them.
#[derive(Debug, Clone)]
pub(crate) struct OperatorLog {
    sender: SyncSender<String>,
    lost: Arc<AtomicU64>,
}

impl OperatorLog {
    /// Starts the thread that writes to the standard error stream.
    pub(crate) fn start() -> std::io::Result<Self> {
        let (sender, receiver) = sync_channel(WAITING);
        let lost = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&lost);
        thread::Builder::new()
            .name("notices".to_owned())
            .spawn(move || tell_all(&receiver, &counted))?;
        Ok(Self { sender, lost })
    }

    /// Queues one notice.
    pub(crate) fn tell(&self, text: String) {
        if self.sender.try_send(text).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn tell_all(notices: &Receiver<String>, lost: &AtomicU64) {
    for text in notices {
        tell(&format!("edge-auth: {text}"));
        match lost.swap(0, Ordering::Relaxed) {
            0 => {}
            lost => tell(&format!(
                "edge-auth: {lost} more notices were lost: the reader of this stream stopped reading"
            )),
        }
    }
}

/// Writes one line without the queue, before the server starts or after it ended.
pub(super) fn tell(line: &str) {
    // A closed standard error stream cannot be reported anywhere.
    let _ = writeln!(anstream::stderr().lock(), "{}", crate::output::printable(line));
}
