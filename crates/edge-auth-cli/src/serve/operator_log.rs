//! What an operator should know, on the standard error stream: told by a thread, so that a stream
//! that nobody reads holds nothing up.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// How many notices may wait. Beyond that they are counted, and the count is told.
const WAITING: usize = 256;

/// Where notices go.
#[derive(Debug, Clone)]
pub(crate) struct OperatorLog {
    sender: SyncSender<String>,
    lost: Arc<AtomicU64>,
}

impl OperatorLog {
    /// Tells on the standard error stream.
    pub(crate) fn start() -> std::io::Result<Self> {
        let (sender, receiver) = sync_channel(WAITING);
        let lost = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&lost);
        thread::Builder::new()
            .name("notices".to_owned())
            .spawn(move || tell_all(&receiver, &counted))?;
        Ok(Self { sender, lost })
    }

    /// Tells one thing, soon.
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
            lost => {
                tell(&format!("edge-auth: {lost} more notices were lost: nobody read this stream"))
            }
        }
    }
}

/// Writes one line now, for a program that does not serve yet or any more.
pub(super) fn tell(line: &str) {
    // Without a standard error stream there is nobody to tell.
    let _ = writeln!(anstream::stderr().lock(), "{}", crate::output::printable(line));
}
