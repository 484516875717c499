//! The client's end of a connection.

use std::net::IpAddr;
use std::sync::Arc;

use pki_types::CertificateDer;

/// The properties of a connection that describe its client.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    pub address: IpAddr,
    /// Whether the connection uses TLS.
    pub secure: bool,
    /// The chain that the client sent in the handshake, its own certificate first. The handshake
    /// proved that it holds that certificate's key.
    pub certificates: Arc<[CertificateDer<'static>]>,
}

impl Connection {
    /// Describes a connection without TLS.
    pub(crate) fn plain(address: IpAddr) -> Self {
        Self { address, secure: false, certificates: Arc::new([]) }
    }
}
