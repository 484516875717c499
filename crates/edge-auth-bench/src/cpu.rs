//! Measures CPU time as the kernel accounts it.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Returns the CPU time of all threads of this process so far.
fn used() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

/// Returns the microseconds of CPU time for each of `times` runs of `work`.
pub(crate) fn microseconds(times: usize, work: impl FnOnce()) -> f64 {
    let before = used();
    work();
    (used() - before).as_secs_f64() * 1e6 / times as f64
}
