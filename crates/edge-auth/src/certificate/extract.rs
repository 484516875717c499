//! Extracts the certificate that a request presents by one source. Checks only form and size.

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

/// A certificate in the form of its source.
#[derive(Debug)]
pub(crate) enum PresentedCertificate<'a> {
    /// The client's own, then its intermediates, all unverified.
    Chain(Vec<CertificateDer<'a>>),
    /// The client's own, verified by the platform.
    Leaf(CertificateDer<'a>),
    /// The fields that Cloudflare reports, its verdict included.
    Reported(TlsClientAuth<'a>),
}

impl<'a> PresentedCertificate<'a> {
    /// Returns the certificate that `origin` has for this request, if any.
    pub(crate) fn by(
        origin: CertificateOrigin<'_>,
        request: &AuthRequest<'a>,
    ) -> Result<Option<Self>, Denial> {
        let presented = if origin.source.comes_from_proxy() {
            Self::by_proxy(origin, request)?
        } else {
            Self::by_platform(origin.source, request)?
        };
        match presented {
            Some(presented) => presented.bounded().map(Some),
            None => Ok(None),
        }
    }

    fn by_platform(
        source: CertificateSource,
        request: &AuthRequest<'a>,
    ) -> Result<Option<Self>, Denial> {
        let presented = match (source, request.certificate) {
            (CertificateSource::Tls, PlatformCertificate::Tls(chain)) if !chain.is_empty() => {
                let chain = chain.iter().map(|der| CertificateDer::from(der.as_ref()));
                Some(Self::Chain(chain.collect()))
            }
            (CertificateSource::ApiGateway, PlatformCertificate::ApiGateway(text)) => {
                Some(Self::Leaf(only(pem::certificates(text.as_bytes())?)?))
            }
            (CertificateSource::Cloudflare, PlatformCertificate::Cloudflare(reported)) => {
                reported.is_presented().then_some(Self::Reported(reported))
            }
            (CertificateSource::AlbVerify, PlatformCertificate::LoadBalancer) => {
                match single(request, "x-amzn-mtls-clientcert-leaf")? {
                    Some(leaf) => Some(Self::Leaf(only(pem::from_field(leaf)?)?)),
                    None => None,
                }
            }
            (CertificateSource::AlbPassthrough, PlatformCertificate::LoadBalancer) => {
                match single(request, "x-amzn-mtls-clientcert")? {
                    Some(chain) => Some(Self::Chain(pem::from_field(chain)?)),
                    None => None,
                }
            }
            // The request came by another platform, or the source is a proxy's.
            (_, _) => None,
        };
        Ok(presented)
    }

    fn by_proxy(
        origin: CertificateOrigin<'_>,
        request: &AuthRequest<'a>,
    ) -> Result<Option<Self>, Denial> {
        if let (CertificateSource::Rfc9440, PlatformCertificate::Described(chain)) =
            (origin.source, request.certificate)
        {
            return Ok(Some(Self::Chain(rfc9440::described(chain)?)));
        }
        if !request.proxy_trusted {
            return Ok(None);
        }
        let (headers, field) = (request.headers, origin.field());
        let chain = match origin.source {
            CertificateSource::Rfc9440 => rfc9440::chain(headers)?,
            CertificateSource::Nginx => proxy_fields::nginx(headers, field)?,
            CertificateSource::EnvoyXfcc => xfcc::chain(headers, field)?,
            CertificateSource::Traefik => proxy_fields::traefik(headers, field)?,
            CertificateSource::Haproxy => proxy_fields::haproxy(headers, field)?,
            CertificateSource::Azure => proxy_fields::azure(headers, field)?,
            CertificateSource::CloudflareHeaders => {
                let reported = TlsClientAuth::of_fields(headers)?;
                return Ok(reported.is_presented().then_some(Self::Reported(reported)));
            }
            CertificateSource::Cloudflare
            | CertificateSource::ApiGateway
            | CertificateSource::AlbVerify
            | CertificateSource::AlbPassthrough
            | CertificateSource::Tls => None,
        };
        Ok(chain.map(Self::Chain))
    }

    /// Returns the certificates; none if the platform reports only fields.
    pub(crate) fn certificates(&self) -> &[CertificateDer<'a>] {
        match self {
            Self::Chain(chain) => chain,
            Self::Leaf(leaf) => std::slice::from_ref(leaf),
            Self::Reported(_) => &[],
        }
    }

    /// Returns the SHA-256 of the client's own, unverified; `None` if Cloudflare reports none.
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
        if certificates.len() > MAX_CHAIN {
            let count = certificates.len();
            let reason =
                format!("the chain has {count} certificates, but at most {MAX_CHAIN} are accepted");
            return Err(Denial::new(Code::CredentialTooLarge, reason));
        }
        if certificates.iter().any(|der| der.len() > MAX_CERTIFICATE_BYTES) {
            let reason = format!("a certificate is larger than {MAX_CERTIFICATE_BYTES} bytes");
            return Err(Denial::new(Code::CredentialTooLarge, reason));
        }
        Ok(self)
    }
}

/// Returns the value of a field. Rejects several fields of the name.
fn single<'a>(request: &AuthRequest<'a>, name: &str) -> Result<Option<&'a [u8]>, Denial> {
    request
        .headers
        .single(name)
        .map_err(|_| malformed(format!("there are several `{name}` fields")))
}

fn only(certificates: Vec<CertificateDer<'static>>) -> Result<CertificateDer<'static>, Denial> {
    match <[_; 1]>::try_from(certificates) {
        Ok([only]) => Ok(only),
        Err(_) => {
            Err(malformed("there are several certificates, but only the client's own is expected"))
        }
    }
}
