//! The listener's TLS: its certificate, and whether it asks clients for theirs.

mod client_cert_verifier;
mod failed_handshakes;

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use clap::Args;
use edge_auth::certificate::{certificates_in_file, check_authorities, check_validity, pem_blocks};
use pki_types::{CertificateDer, PrivateKeyDer};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use tokio_rustls::TlsAcceptor;

use super::operator_log::{OperatorLog, tell};
use crate::error::CommandError;
use crate::native::{now, read_bounded};
use client_cert_verifier::KeyPossessionVerifier;
use failed_handshakes::FailedHandshakes;

/// The largest file of certificates or of a key, in bytes.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

#[derive(Debug, Clone, Default, Args)]
pub(crate) struct TlsArgs {
    /// Listen with TLS: the server's certificates (PEM); read again on SIGHUP
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(super) tls_cert: Option<PathBuf>,
    /// The private key of --tls-cert (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(super) tls_key: Option<PathBuf>,
    /// Ask clients for certificates; those who issue them (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) client_ca: Option<PathBuf>,
}

/// The listener's TLS, as its files were when they were last read.
#[derive(Debug)]
pub(crate) struct Tls {
    files: Files,
    config: RwLock<Arc<ServerConfig>>,
    pub(super) failures: FailedHandshakes,
}

/// A usable configuration that was read from the files.
pub(crate) struct ReadTls {
    config: Arc<ServerConfig>,
    /// Notices for the operator.
    pub notice: Option<String>,
}

#[derive(Debug)]
struct Files {
    cert: PathBuf,
    key: PathBuf,
    client_ca: Option<PathBuf>,
}

impl Tls {
    /// Reads the files that the arguments name; `None` if they name none.
    ///
    /// With `asks_anyone`, the listener asks clients for certificates of any issuer.
    pub(crate) fn new(
        args: &TlsArgs,
        asks_anyone: bool,
        notices: OperatorLog,
    ) -> Result<Option<Arc<Self>>, CommandError> {
        let (Some(cert), Some(key)) = (args.tls_cert.clone(), args.tls_key.clone()) else {
            return Ok(None);
        };
        let files = Files { cert, key, client_ca: args.client_ca.clone() };
        let read = files.read(asks_anyone)?;
        read.notice.iter().for_each(|notice| tell(&format!("edge-auth: {notice}")));
        let config = RwLock::new(read.config);
        Ok(Some(Arc::new(Self { files, config, failures: FailedHandshakes::reporting(notices) })))
    }

    /// Reads the files again, and changes nothing.
    pub(crate) fn read(&self, asks_anyone: bool) -> Result<ReadTls, CommandError> {
        self.files.read(asks_anyone)
    }

    /// Uses the files that were read for new connections.
    pub(crate) fn take_over(&self, read: ReadTls) {
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = read.config;
    }

    /// Returns the acceptor for the next connection.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Files {
    fn read(&self, asks_anyone: bool) -> Result<ReadTls, CommandError> {
        let chain = certificates(&self.cert)?;
        let notice = chain.first().and_then(|own| check_validity(own, now()).err());
        let notice = notice.map(|reason| format!("{}: {reason}", self.cert.display()));
        let key = private_key(&self.key)?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| CommandError::host(error.to_string()))?;
        let named = match &self.client_ca {
            Some(path) => {
                check_authorities(&read(path)?).map_err(|reason| trouble(path, &reason))?;
                let verifier = KeyPossessionVerifier::asking(&certificates(path)?, &provider)
                    .map_err(|reason| trouble(path, &reason))?;
                Some(verifier)
            }
            None => None,
        };
        let verifier =
            if asks_anyone { Some(KeyPossessionVerifier::asking_anyone(&provider)) } else { named };
        let builder = match verifier {
            Some(verifier) => builder.with_client_cert_verifier(Arc::new(verifier)),
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_single_cert(chain, key).map_err(|error| {
            let (cert, key) = (self.cert.display(), self.key.display());
            CommandError::host(format!("{cert} and {key} cannot be used together: {error}"))
        })?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(ReadTls { config: Arc::new(config), notice })
    }
}

/// Reads the certificates in a PEM file, at least one.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, CommandError> {
    certificates_in_file(&read(path)?).map_err(|reason| trouble(path, &reason))
}

/// Reads the private key in a PEM file.
pub(crate) fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, CommandError> {
    let file = read(path)?;
    let encrypted = String::from_utf8_lossy(&file).lines().any(|line| line.contains("ENCRYPTED"));
    if encrypted {
        let what = "has an encrypted key, and there is no way to give its password: decrypt it with `openssl pkey`";
        return Err(trouble(path, what));
    }
    for block in pem_blocks(&file).map_err(|reason| trouble(path, &reason))? {
        match block.label {
            "PRIVATE KEY" => return Ok(PrivateKeyDer::Pkcs8(block.der.into())),
            "RSA PRIVATE KEY" => return Ok(PrivateKeyDer::Pkcs1(block.der.into())),
            "EC PRIVATE KEY" => return Ok(PrivateKeyDer::Sec1(block.der.into())),
            _ => {}
        }
    }
    Err(trouble(path, "has no private key in PEM"))
}

fn read(path: &Path) -> Result<Vec<u8>, CommandError> {
    read_bounded(path, MAX_FILE_BYTES).map_err(CommandError::Host)
}

fn trouble(path: &Path, what: &str) -> CommandError {
    CommandError::host(format!("{} {what}", path.display()))
}
