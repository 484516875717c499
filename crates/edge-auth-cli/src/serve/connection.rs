//! The other end of a connection.

use std::net::IpAddr;
use std::sync::Arc;

use pki_types::CertificateDer;

/// What is known of it from the connection itself.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    pub address: IpAddr,
    /// Whether the connection is one of TLS.
    pub secure: bool,
    /// What it sent in the handshake, its own certificate first; it holds that one's key.
    pub certificates: Arc<[CertificateDer<'static>]>,
}

impl Connection {
    /// On a connection without TLS.
    pub(crate) fn plain(address: IpAddr) -> Self {
        Self { address, secure: false, certificates: Arc::new([]) }
    }
}
