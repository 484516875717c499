//! The limits of the listener: connections, requests under way, and times.

use std::time::Duration;

/// The most connections, even if the process may open more files.
const MAX_CONNECTIONS: usize = 8192;
/// Descriptors for the store, logs, fetches, and pooled connections to the upstream.
const RESERVED_FILES: u64 = 64;

/// The limits of one listener.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// The most open connections, WebSockets included.
    pub(super) connections: usize,
    /// The most requests under way, over all connections. There are more connections than requests:
    /// the rest answers `/healthz` and refuses while all these requests wait for the upstream.
    pub(super) requests: usize,
    /// The time for a head or a TLS handshake, and for a connection without a request under way.
    pub(super) idle: Duration,
    /// The time that a piece of a response may wait for the client to read it.
    pub(super) untaken: Duration,
    /// The time that a client has to close after a graceful shutdown began.
    pub(super) farewell: Duration,
}

impl Limits {
    /// Returns the limits that fit the process's limit of open files.
    pub(crate) fn of_process() -> Self {
        let files = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        Self::of_files(files.unwrap_or(u64::MAX))
    }

    /// Returns the limits for so many open files. A connection takes one descriptor, and a request
    /// under way takes another, to the upstream. There are seven requests for eight connections.
    fn of_files(files: u64) -> Self {
        let eighths =
            usize::try_from(files.saturating_sub(RESERVED_FILES) / 15).unwrap_or(usize::MAX);
        let connections = eighths.saturating_mul(8).clamp(8, MAX_CONNECTIONS);
        Self {
            connections,
            requests: connections / 8 * 7,
            idle: Duration::from_secs(30),
            untaken: Duration::from_secs(30),
            farewell: Duration::from_secs(5),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_descriptors_fit_the_limit_of_open_files() {
        for files in [100, 256, 1024, 4096, 20_000, 65_536, 1 << 20, u64::MAX] {
            let limits = Limits::of_files(files);
            assert!(
                (limits.connections + limits.requests) as u64 + RESERVED_FILES <= files,
                "{limits:?}"
            );
        }
        assert_eq!(Limits::of_files(1024).connections, 512);
        assert_eq!(Limits::of_files(u64::MAX).connections, 8192);
    }

    #[test]
    fn there_are_places_that_no_request_under_way_can_take() {
        for files in [0, 64, 100, 256, 1024, u64::MAX] {
            let limits = Limits::of_files(files);
            assert!(limits.requests > 0 && limits.connections > limits.requests, "{limits:?}");
        }
    }
}
