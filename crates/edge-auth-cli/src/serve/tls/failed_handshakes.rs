//! Notices about failed TLS handshakes, which the audit log does not have.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::serve::OperatorLog;

/// The least time between two notices; those in between are counted.
const PAUSE: Duration = Duration::from_secs(60);

/// Reports one failure in a while, and counts the others.
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
    /// Reports to this log.
    pub(super) fn reporting(notices: OperatorLog) -> Self {
        Self { notices, warnings: Mutex::default() }
    }

    /// Notes a failure with this client. A client that only went away is not reported.
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
    fn one_failure_in_a_while_is_reported_and_the_others_are_counted() {
        let failures = FailedHandshakes::reporting(OperatorLog::start().unwrap());
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
