//! TLS of the listener's own: its certificate, and whether it asks clients for theirs.

mod possession;

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use clap::Args;
use pki_types::pem::PemObject;
use pki_types::{CertificateDer, PrivateKeyDer};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use tokio_rustls::TlsAcceptor;

use crate::failure::Failure;
use crate::host::read_bounded;
use possession::Possession;

/// The largest file of certificates or of a key, in bytes.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

#[derive(Debug, Clone, Default, Args)]
pub(crate) struct TlsArgs {
    /// Listen with TLS: the server's certificates (PEM); read again on SIGHUP
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The private key of --tls-cert (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Ask clients for certificates; those who issue them (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) client_ca: Option<PathBuf>,
}

/// The listener's TLS, as its files said when they were last read.
#[derive(Debug)]
pub(crate) struct Tls {
    files: Files,
    config: RwLock<Arc<ServerConfig>>,
}

#[derive(Debug)]
struct Files {
    cert: PathBuf,
    key: PathBuf,
    client_ca: Option<PathBuf>,
}

impl Tls {
    /// As the arguments say; `None` if they say nothing of it.
    pub(crate) fn new(args: &TlsArgs) -> Result<Option<Arc<Self>>, Failure> {
        let (Some(cert), Some(key)) = (args.tls_cert.clone(), args.tls_key.clone()) else {
            return Ok(None);
        };
        let files = Files { cert, key, client_ca: args.client_ca.clone() };
        let config = RwLock::new(files.read()?);
        Ok(Some(Arc::new(Self { files, config })))
    }

    /// Reads the files again. New connections have what they say now; if something is wrong with
    /// them, nothing changes.
    pub(crate) fn reload(&self) -> Result<(), Failure> {
        let config = self.files.read()?;
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
    }

    /// For the next connection.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Files {
    fn read(&self) -> Result<Arc<ServerConfig>, Failure> {
        let chain = certificates(&self.cert)?;
        let key = PrivateKeyDer::from_pem_slice(&read(&self.key)?)
            .map_err(|_| trouble(&self.key, "holds no private key in PEM"))?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| Failure::trouble(error.to_string()))?;
        let builder = match &self.client_ca {
            Some(path) => {
                let verifier = Possession::asking(&certificates(path)?, &provider)
                    .map_err(|reason| trouble(path, &reason))?;
                builder.with_client_cert_verifier(Arc::new(verifier))
            }
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_single_cert(chain, key).map_err(|error| {
            let (cert, key) = (self.cert.display(), self.key.display());
            Failure::trouble(format!("{cert} and {key} cannot be used together: {error}"))
        })?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

/// The certificates in a PEM file: at least one.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let file = read(path)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&file).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(trouble(path, "holds no certificate in PEM")),
        Err(error) => Err(trouble(path, &format!("is broken PEM: {error}"))),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    read_bounded(path, MAX_FILE_BYTES).map_err(Failure::Trouble)
}

fn trouble(path: &Path, what: &str) -> Failure {
    Failure::trouble(format!("{} {what}", path.display()))
}
