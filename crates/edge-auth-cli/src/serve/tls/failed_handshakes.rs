//! Handshakes that failed: no request comes of one, so nothing of it is in the audit log.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::serve::OperatorLog;

/// The operator is told of one in so much time; of the others, how many there were.
const PAUSE: Duration = Duration::from_secs(60);

/// Tells of some, and counts the others.
#[derive(Debug)]
pub(crate) struct FailedHandshakes {
    notices: OperatorLog,
    warnings: Mutex<LastWarning>,
}

#[derive(Debug, Default)]
struct LastWarning {
    last: Option<Instant>,
    unreported: u64,
}

impl FailedHandshakes {
    pub(super) fn telling(notices: OperatorLog) -> Self {
        Self { notices, warnings: Mutex::default() }
    }

    /// One with this client, whom TLS did not suit. That a client went away is not told.
    pub(crate) fn note(&self, address: IpAddr, error: &std::io::Error) {
        let reason = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        if let Some(text) = reason.and_then(|reason| self.text(address, reason, Instant::now())) {
            self.notices.tell(text);
        }
    }

    fn text(&self, address: IpAddr, reason: &rustls::Error, now: Instant) -> Option<String> {
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        if warnings.last.is_some_and(|last| now.duration_since(last) < PAUSE) {
            warnings.unreported += 1;
            return None;
        }
        warnings.last = Some(now);
        let more = match std::mem::take(&mut warnings.unreported) {
            0 => String::new(),
            more => format!(" ({more} others since the last notice)"),
        };
        Some(format!("a TLS handshake with {address} failed{more}: {reason}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_a_while_is_told_and_the_others_are_counted() {
        let failures = FailedHandshakes::telling(OperatorLog::start().unwrap());
        let start = Instant::now();
        let after = |seconds| {
            let now = start + Duration::from_secs(seconds);
            failures.text([192, 0, 2, 1].into(), &rustls::Error::DecryptError, now)
        };
        assert!(after(0).unwrap().starts_with("a TLS handshake with 192.0.2.1 failed: "));
        assert_eq!(after(1), None);
        assert_eq!(after(59), None);
        assert!(after(60).unwrap().contains("(2 others since the last notice)"));
        assert_eq!(after(61), None);
    }
}
