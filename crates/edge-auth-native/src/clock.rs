//! The system's clock.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use edge_auth_token::Timestamp;

/// Returns the time. A clock set before 1970 counts as 1970, when everything with a lifetime is
/// refused.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Does `work`, and returns how long it took, by the monotonic clock.
pub async fn timed<W: Future>(work: W) -> (W::Output, Duration) {
    let began = Instant::now();
    let done = work.await;
    (done, began.elapsed())
}
