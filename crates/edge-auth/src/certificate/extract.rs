//! Which certificate a request presents, by one source. Reads; judges nothing but form and size.

use pki_types::CertificateDer;
use sha2::{Digest, Sha256};

use super::platform_certificate::{PlatformCertificate, TlsClientAuth};
use super::refusal::malformed;
use super::{
    CertificateOrigin, CertificateSource, MAX_CERTIFICATE_BYTES, MAX_CHAIN, Thumbprint, from_hex,
    pem, proxy_fields, rfc9440, xfcc,
};
use crate::denial::{Code, Denial};
use crate::request::AuthRequest;

/// A certificate, as its source has it.
#[derive(Debug)]
pub(crate) enum PresentedCertificate<'a> {
    /// The client's own, then its intermediates; nobody verified them.
    Chain(Vec<CertificateDer<'a>>),
    /// The client's own, verified by the platform.
    Leaf(CertificateDer<'a>),
    /// What Cloudflare tells of it, the verdict included.
    Reported(TlsClientAuth<'a>),
}

impl<'a> PresentedCertificate<'a> {
    /// What `origin` has for this request; `None` if there is no certificate.
    pub(crate) fn by(
        origin: CertificateOrigin<'_>,
        request: &AuthRequest<'a>,
    ) -> Result<Option<Self>, Denial> {
        let field = |name: &str| {
            request
                .headers
                .single(name)
                .map_err(|_| malformed(format!("there are several `{name}` fields")))
        };
        let presented = match (origin.source, request.certificate) {
            (CertificateSource::Tls, PlatformCertificate::Tls(chain)) if !chain.is_empty() => Some(
                Self::Chain(chain.iter().map(|der| CertificateDer::from(der.as_ref())).collect()),
            ),
            (CertificateSource::ApiGateway, PlatformCertificate::ApiGateway(text)) => {
                Some(Self::Leaf(only(pem::certificates(text.as_bytes())?)?))
            }
            (CertificateSource::Cloudflare, PlatformCertificate::Cloudflare(reported)) => {
                Some(Self::Reported(reported)).filter(|_| reported.is_presented())
            }
            (CertificateSource::AlbVerify, PlatformCertificate::LoadBalancer) => {
                let leaf = field("x-amzn-mtls-clientcert-leaf")?;
                leaf.map(|leaf| only(pem::from_field(leaf)?).map(Self::Leaf)).transpose()?
            }
            (CertificateSource::AlbPassthrough, PlatformCertificate::LoadBalancer) => {
                let chain = field("x-amzn-mtls-clientcert")?;
                chain.map(|chain| pem::from_field(chain).map(Self::Chain)).transpose()?
            }
            (CertificateSource::Rfc9440, PlatformCertificate::Described(chain)) => {
                Some(Self::Chain(rfc9440::described(chain)?))
            }
            (CertificateSource::Rfc9440, _) if request.proxy_trusted => {
                rfc9440::chain(request.headers)?.map(Self::Chain)
            }
            (CertificateSource::Nginx, _) if request.proxy_trusted => {
                proxy_fields::nginx(request.headers, origin.field())?.map(Self::Chain)
            }
            (CertificateSource::EnvoyXfcc, _) if request.proxy_trusted => {
                xfcc::chain(request.headers, origin.field())?.map(Self::Chain)
            }
            (CertificateSource::Traefik, _) if request.proxy_trusted => {
                proxy_fields::traefik(request.headers, origin.field())?.map(Self::Chain)
            }
            (CertificateSource::Haproxy, _) if request.proxy_trusted => {
                proxy_fields::haproxy(request.headers, origin.field())?.map(Self::Chain)
            }
            (CertificateSource::Azure, _) if request.proxy_trusted => {
                proxy_fields::azure(request.headers, origin.field())?.map(Self::Chain)
            }
            (CertificateSource::CloudflareHeaders, _) if request.proxy_trusted => {
                let reported = TlsClientAuth::of_fields(request.headers)?;
                Some(Self::Reported(reported)).filter(|_| reported.is_presented())
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
            Self::Reported(_) => &[],
        }
    }

    /// The SHA-256 of the client's own, unverified; `None` if Cloudflare tells of none.
    pub(crate) fn thumbprint(&self) -> Option<Thumbprint> {
        match self {
            Self::Chain(_) | Self::Leaf(_) => {
                self.certificates().first().map(|der| Sha256::digest(der).into())
            }
            Self::Reported(reported) => {
                reported.fingerprint_sha256.and_then(from_hex)?.try_into().ok()
            }
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
            return too_large(format!(
                "a certificate is larger than {MAX_CERTIFICATE_BYTES} bytes"
            ));
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
