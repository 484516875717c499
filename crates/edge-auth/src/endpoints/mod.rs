//! The ways in which a host is asked: as a gateway, by a proxy (forward-auth), by an application.
//!
//! Each endpoint turns what came in into an [`AuthRequest`], and the outcome into a
//! [`Reply`](crate::Reply) in its own manner. [`Gate::dispatch`](crate::Gate::dispatch) chooses the
//! endpoint; a host only carries bytes.

mod cache_control;
pub(crate) mod cors;
mod described_certificate;
mod dispatch;
mod endpoint;
mod forward_auth;
mod forwarded_headers;
mod gateway;
mod settle;
mod stripped_headers;
mod verify;

use std::net::IpAddr;

use crate::certificate::PlatformCertificate;
use crate::client_location::ClientLocation;
use crate::request::{AuthRequest, Headers};

pub use cache_control::private_cache_control;
pub use dispatch::{BodyError, Dispatched, RequestBody};
pub use endpoint::asks_for_health;
pub use forwarded_headers::{Client, ForwardedHeaders, hop_by_hop};
pub use settle::{HostRuntime, Unrecorded, settle};
pub use stripped_headers::StrippedHeaders;

/// A request as it reached the host, before anything in it is believed.
#[derive(Debug, Clone, Copy)]
pub struct InboundRequest<'a> {
    /// The address at the other end of the connection.
    pub peer: Option<IpAddr>,
    /// Where that address is, as the platform says.
    pub location: ClientLocation,
    /// Whether the platform itself has authenticated who asks, as the one who may: by a signature
    /// of IAM's, a service binding.
    pub platform_authenticated: bool,
    /// The method.
    pub method: &'a str,
    /// The `Host` field.
    pub host: Option<&'a str>,
    /// HTTP/2's `:authority`.
    pub authority: Option<&'a str>,
    /// The raw request target in origin form.
    pub target: &'a str,
    /// The header fields.
    pub headers: Headers<'a>,
    /// The client's certificate, as the platform has it.
    pub certificate: PlatformCertificate<'a>,
}

impl<'a> InboundRequest<'a> {
    /// As a request to decide about, from this client, whom nobody speaks for, whose country is not
    /// known, and whose path goes on as it was sent.
    pub(crate) fn as_request(&self, client_ip: Option<IpAddr>) -> AuthRequest<'a> {
        let Self { method, host, authority, target, headers, certificate, .. } = *self;
        AuthRequest {
            method,
            host,
            authority,
            target,
            headers,
            client_ip,
            location: ClientLocation::default(),
            certificate,
            path_rewritten: false,
            proxy_trusted: false,
        }
    }
}
