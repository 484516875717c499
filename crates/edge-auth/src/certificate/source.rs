//! Where a client's certificate comes from, and with that who verified it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a client's certificate reaches the gate. Configured, never guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CertificateSource {
    /// `request.cf.tlsClientAuth` of a Worker: verified by Cloudflare, against every CA of the account.
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
    /// The host's own TLS listener, which had the client prove that it holds the key: verified here.
    Tls,
}

impl CertificateSource {
    /// All sources.
    pub const ALL: [Self; 7] = [
        Self::Cloudflare,
        Self::CloudflareHeaders,
        Self::ApiGateway,
        Self::AlbVerify,
        Self::AlbPassthrough,
        Self::Rfc9440,
        Self::Tls,
    ];

    /// As the policy writes it: `rfc9440`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cloudflare => "cloudflare",
            Self::CloudflareHeaders => "cloudflare-headers",
            Self::ApiGateway => "api-gateway",
            Self::AlbVerify => "alb-verify",
            Self::AlbPassthrough => "alb-passthrough",
            Self::Rfc9440 => "rfc9440",
            Self::Tls => "tls",
        }
    }

    /// Whether the whole chain comes, and is verified here.
    pub(crate) fn brings_chain(self) -> bool {
        matches!(self, Self::AlbPassthrough | Self::Rfc9440 | Self::Tls)
    }

    /// Whether certificates can be pinned by their fingerprint.
    pub(crate) fn pins_fingerprint(self) -> bool {
        matches!(self, Self::Cloudflare | Self::CloudflareHeaders | Self::ApiGateway)
    }
}

impl fmt::Display for CertificateSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
