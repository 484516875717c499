//! Which certificate a request presents, by one source. Reads; judges nothing but form and size.

use pki_types::CertificateDer;
use sha2::{Digest, Sha256};

use super::facts::malformed;
use super::handover::{Handover, TlsClientAuth};
use super::{CertificateSource, MAX_CERTIFICATE_BYTES, MAX_CHAIN, Thumbprint, from_hex, pem, rfc9440};
use crate::denial::{Code, Denial};
use crate::request::AuthRequest;

/// A certificate, as its source has it.
#[derive(Debug)]
pub(crate) enum Presented<'a> {
    /// The client's own, then its intermediates; nobody verified them.
    Chain(Vec<CertificateDer<'a>>),
    /// The client's own, verified by the platform.
    Leaf(CertificateDer<'a>),
    /// What Cloudflare tells of it, the verdict included.
    Told(TlsClientAuth<'a>),
}

impl<'a> Presented<'a> {
    /// What `source` has for this request; `None` if there is no certificate.
    pub(crate) fn by(source: CertificateSource, request: &AuthRequest<'a>) -> Result<Option<Self>, Denial> {
        let field = |name: &str| {
            request.headers.single(name).map_err(|_| malformed(format!("there are several `{name}` fields")))
        };
        let presented = match (source, request.certificate) {
            (CertificateSource::Tls, Handover::Tls(chain)) if !chain.is_empty() => {
                Some(Self::Chain(chain.iter().map(|der| CertificateDer::from(der.as_ref())).collect()))
            }
            (CertificateSource::ApiGateway, Handover::ApiGateway(text)) => {
                Some(Self::Leaf(only(pem::certificates(text.as_bytes())?)?))
            }
            (CertificateSource::Cloudflare, Handover::Cloudflare(told)) => {
                Some(Self::Told(told)).filter(|_| told.is_presented())
            }
            (CertificateSource::AlbVerify, Handover::LoadBalancer) => {
                let leaf = field("x-amzn-mtls-clientcert-leaf")?;
                leaf.map(|leaf| only(pem::from_field(leaf)?).map(Self::Leaf)).transpose()?
            }
            (CertificateSource::AlbPassthrough, Handover::LoadBalancer) => {
                let chain = field("x-amzn-mtls-clientcert")?;
                chain.map(|chain| pem::from_field(chain).map(Self::Chain)).transpose()?
            }
            (CertificateSource::Rfc9440, Handover::Described(chain)) => {
                Some(Self::Chain(rfc9440::described(chain)?))
            }
            (CertificateSource::Rfc9440, _) if request.proxy_trusted => {
                rfc9440::chain(request.headers)?.map(Self::Chain)
            }
            (CertificateSource::CloudflareHeaders, _) if request.proxy_trusted => {
                let told = TlsClientAuth::of_fields(request.headers)?;
                Some(Self::Told(told)).filter(|_| told.is_presented())
            }
            _ => None,
        };
        presented.map(Self::bounded).transpose()
    }

    /// The certificates that it is made of.
    pub(crate) fn certificates(&self) -> &[CertificateDer<'a>] {
        match self {
            Self::Chain(chain) => chain,
            Self::Leaf(leaf) => std::slice::from_ref(leaf),
            Self::Told(_) => &[],
        }
    }

    /// The SHA-256 of the client's own, unverified; `None` if Cloudflare tells of none.
    pub(crate) fn thumbprint(&self) -> Option<Thumbprint> {
        match self {
            Self::Chain(_) | Self::Leaf(_) => {
                self.certificates().first().map(|der| Sha256::digest(der).into())
            }
            Self::Told(told) => told.fingerprint_sha256.and_then(from_hex)?.try_into().ok(),
        }
    }

    fn bounded(self) -> Result<Self, Denial> {
        let certificates = self.certificates();
        let too_large = |reason: String| Err(Denial::new(Code::CredentialTooLarge, reason));
        if certificates.len() > MAX_CHAIN {
            return too_large(format!(
                "the chain has {} certificates, {MAX_CHAIN} are read",
                certificates.len()
            ));
        }
        if certificates.iter().any(|der| der.len() > MAX_CERTIFICATE_BYTES) {
            return too_large(format!("a certificate is larger than {MAX_CERTIFICATE_BYTES} bytes"));
        }
        Ok(self)
    }
}

fn only(certificates: Vec<CertificateDer<'static>>) -> Result<CertificateDer<'static>, Denial> {
    match <[_; 1]>::try_from(certificates) {
        Ok([only]) => Ok(only),
        Err(_) => Err(malformed("there is more than the client's certificate")),
    }
}
