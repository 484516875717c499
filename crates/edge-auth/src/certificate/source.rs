//! The sources of client certificates: each brings its certificates in one way, verified or not.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The way by which client certificates reach the gate. The policy names it; it is never guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CertificateSource {
    /// `request.cf.tlsClientAuth` of a Worker: verified by Cloudflare, against every CA of the
    /// account.
    Cloudflare,
    /// The fields of Cloudflare's managed transform "Add TLS client auth headers".
    CloudflareHeaders,
    /// `clientCert` of an API Gateway event: verified against the domain's trust store.
    ApiGateway,
    /// `X-Amzn-Mtls-Clientcert-Leaf` of a load balancer in verify mode.
    AlbVerify,
    /// `X-Amzn-Mtls-Clientcert` of a load balancer in passthrough mode: verified here.
    AlbPassthrough,
    /// `Client-Cert` and `Client-Cert-Chain` of a trusted proxy (RFC 9440): verified here.
    Rfc9440,
    /// `$ssl_client_escaped_cert` of nginx, in `X-SSL-Client-Cert` or a field that the policy
    /// names: verified here.
    Nginx,
    /// `X-Forwarded-Client-Cert` of Envoy, with the certificate in it: verified here.
    EnvoyXfcc,
    /// `X-Forwarded-Tls-Client-Cert` of Traefik: verified here.
    Traefik,
    /// `ssl_c_der,base64` of HAProxy, in `X-SSL-Client-DER` or a field that the policy names:
    /// verified here.
    Haproxy,
    /// `X-ARR-ClientCert` of Azure App Service: verified here.
    Azure,
    /// The host's own TLS listener, which checked that the client holds the key: verified here.
    Tls,
}

impl CertificateSource {
    /// All sources.
    pub const ALL: [Self; 12] = [
        Self::Cloudflare,
        Self::CloudflareHeaders,
        Self::ApiGateway,
        Self::AlbVerify,
        Self::AlbPassthrough,
        Self::Rfc9440,
        Self::Nginx,
        Self::EnvoyXfcc,
        Self::Traefik,
        Self::Haproxy,
        Self::Azure,
        Self::Tls,
    ];

    /// Returns the name in a policy: `rfc9440`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cloudflare => "cloudflare",
            Self::CloudflareHeaders => "cloudflare-headers",
            Self::ApiGateway => "api-gateway",
            Self::AlbVerify => "alb-verify",
            Self::AlbPassthrough => "alb-passthrough",
            Self::Rfc9440 => "rfc9440",
            Self::Nginx => "nginx",
            Self::EnvoyXfcc => "envoy-xfcc",
            Self::Traefik => "traefik",
            Self::Haproxy => "haproxy",
            Self::Azure => "azure",
            Self::Tls => "tls",
        }
    }

    /// Returns whether it comes in header fields of a trusted proxy, on any host.
    pub fn comes_from_proxy(self) -> bool {
        match self {
            Self::CloudflareHeaders
            | Self::Rfc9440
            | Self::Nginx
            | Self::EnvoyXfcc
            | Self::Traefik
            | Self::Haproxy
            | Self::Azure => true,
            Self::Cloudflare
            | Self::ApiGateway
            | Self::AlbVerify
            | Self::AlbPassthrough
            | Self::Tls => false,
        }
    }

    /// Returns whether it brings a whole chain, which the gate verifies.
    pub(crate) fn brings_chain(self) -> bool {
        match self {
            Self::AlbPassthrough
            | Self::Rfc9440
            | Self::Nginx
            | Self::EnvoyXfcc
            | Self::Traefik
            | Self::Haproxy
            | Self::Azure
            | Self::Tls => true,
            Self::Cloudflare | Self::CloudflareHeaders | Self::ApiGateway | Self::AlbVerify => {
                false
            }
        }
    }

    /// Returns whether certificates can be pinned by their fingerprint.
    #[cfg(feature = "compiler")]
    pub(crate) fn pins_fingerprint(self) -> bool {
        self != Self::AlbVerify
    }

    /// Returns whether the proxy's configuration chooses the field's name.
    #[cfg(feature = "compiler")]
    pub(crate) fn has_any_header(self) -> bool {
        matches!(self, Self::Nginx | Self::Haproxy)
    }
}

impl fmt::Display for CertificateSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
