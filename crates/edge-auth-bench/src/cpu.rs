//! CPU time, as the kernel accounts it.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// What all threads of this process have used so far.
fn used() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

/// Microseconds of CPU for each of `times` runs of `work`.
pub(crate) fn microseconds(times: usize, work: impl FnOnce()) -> f64 {
    let before = used();
    work();
    (used() - before).as_secs_f64() * 1e6 / times as f64
}
