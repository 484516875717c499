//! Whom a client trusts over TLS, and how it identifies itself.

use std::sync::Arc;

use hyper_rustls::ConfigBuilderExt;
use pki_types::{CertificateDer, PrivateKeyDer};
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};

/// Settings of a client's https connections.
#[derive(Debug, Default)]
pub struct TlsSettings {
    /// The only authorities that it trusts; empty means the machine's root certificates.
    pub authorities: Vec<CertificateDer<'static>>,
    /// The certificate chain that it presents, its own first, with the private key.
    pub certificate: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
}

impl TlsSettings {
    /// Builds the configuration; reads the machine's root certificates if it needs them.
    pub(crate) fn client_config(&self) -> Result<ClientConfig, String> {
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        let builder = if self.authorities.is_empty() {
            builder.with_native_roots().map_err(|error| {
                format!("no root certificates on this machine ({error}): install ca-certificates")
            })?
        } else {
            let mut roots = RootCertStore::empty();
            for authority in &self.authorities {
                roots.add(authority.clone()).map_err(|error| {
                    format!("an authority's certificate cannot be used: {error}")
                })?;
            }
            builder.with_root_certificates(roots)
        };
        match &self.certificate {
            Some((chain, key)) => builder
                .with_client_auth_cert(chain.clone(), key.clone_key())
                .map_err(|error| format!("certificate and key cannot be used together: {error}")),
            None => Ok(builder.with_no_client_auth()),
        }
    }
}
