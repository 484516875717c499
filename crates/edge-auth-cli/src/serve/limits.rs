//! What the listener bears: how many connections and requests at once, and how long it waits.

use std::time::Duration;

/// The most connections, and the most requests under way, whatever the process may have open.
const MAX_CONNECTIONS: u64 = 8192;
/// Descriptors that are kept for the store, logs, fetches, and the pool of the upstream.
const RESERVED_FILES: u64 = 64;

/// The limits of one listener.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Connections that are open at once, WebSockets among them.
    pub(super) connections: usize,
    /// Requests under way at once, over all connections.
    pub(super) requests: usize,
    /// How long a client may take over a head or a TLS handshake, and how long a connection may be
    /// open without a request under way.
    pub(super) idle: Duration,
    /// How long a piece of an answer may wait to be taken.
    pub(super) untaken: Duration,
    /// How long a client that is asked to leave may take.
    pub(super) farewell: Duration,
}

impl Limits {
    /// Returns the limits that fit the process's limit of open files: a connection has one
    /// descriptor, and a request under way has another, towards the upstream.
    pub(crate) fn of_process() -> Self {
        let files = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        let pairs = files.map_or(MAX_CONNECTIONS, |files| files.saturating_sub(RESERVED_FILES) / 2);
        let pairs = usize::try_from(pairs.clamp(1, MAX_CONNECTIONS)).unwrap_or(1);
        Self {
            connections: pairs,
            requests: pairs,
            idle: Duration::from_secs(30),
            untaken: Duration::from_secs(30),
            farewell: Duration::from_secs(5),
        }
    }
}
