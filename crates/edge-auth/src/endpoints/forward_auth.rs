//! Forward-auth: a proxy asks about a request that it holds back.
//!
//! Believed is a trusted proxy only, and of its headers only those that the policy's kind of proxy
//! sets. What is missing is refused, never defaulted. The proxy forwards the path as it was sent,
//! whatever was matched: one that its upstream could read differently is refused.

use std::net::IpAddr;

use edge_auth_token::Timestamp;

use super::InboundRequest;
use crate::certificate::PlatformCertificate;
use crate::client_location::ClientLocation;
use crate::denial::{Code, Denial};
use crate::gate::{Decision, Gate, Grant, Outcome};
use crate::platform::Platform;
use crate::policy::Proxy;
use crate::reply::Reply;
use crate::request::{AuthRequest, Headers};
use crate::route::cut_prefix;
use crate::trusted_proxies::parse_client_address;

/// Header names: method, URI, host.
type Names = (&'static str, &'static str, &'static str);

impl<P: Platform> Gate<P> {
    /// Decides about the request that a proxy describes, and answers in the proxy's manner.
    /// `prefix` is the path under which this endpoint is served, such as `/authorize`.
    pub async fn forward_auth(
        &self,
        incoming: &InboundRequest<'_>,
        prefix: &str,
        now: Timestamp,
    ) -> (Reply, Outcome) {
        let outcome = match self.described(incoming, prefix) {
            Ok(request) => self.authorize(&request, now).await,
            Err(denial) => self.refuse_unread(&incoming.as_request(incoming.peer), denial, now),
        };
        let reply = match &outcome.decision {
            Decision::Allow(grant) => self.allowed(grant),
            Decision::Deny(denial) => self.forward_refusal(&outcome, denial),
        };
        (reply, outcome)
    }

    fn described<'a>(
        &self,
        incoming: &InboundRequest<'a>,
        prefix: &str,
    ) -> Result<AuthRequest<'a>, Denial> {
        let proxy = self.policy.forward_auth.ok_or_else(|| {
            Denial::new(
                Code::ForwardedRequestIncomplete,
                "the policy has no `[forward_auth]` with a `proxy`",
            )
        })?;
        if !self.trust.admits(incoming) {
            let peer = incoming.peer.map_or_else(|| "unknown".to_owned(), |peer| peer.to_string());
            return Err(Denial::new(
                Code::ProxyUntrusted,
                format!("{peer} is no trusted proxy: see `[trust]`"),
            ));
        }
        self.identity.refuse_imitations(incoming.headers)?;
        let rest = cut_prefix(incoming.target, prefix).ok_or_else(|| {
            Denial::new(Code::PathAmbiguous, "the path is not below the endpoint's prefix")
        })?;
        let names: Names = match proxy {
            // Envoy sends the request itself, below the prefix.
            Proxy::Envoy => {
                return Ok(AuthRequest {
                    target: rest,
                    proxy_trusted: true,
                    // On this connection the client is the proxy.
                    certificate: PlatformCertificate::Nothing,
                    ..incoming.as_request(envoys_client(incoming.headers))
                });
            }
            Proxy::IngressNginx => return self.described_by_url(incoming.headers),
            Proxy::Nginx => ("x-original-method", "x-original-uri", "x-original-host"),
            Proxy::Traefik | Proxy::Caddy => {
                ("x-forwarded-method", "x-forwarded-uri", "x-forwarded-host")
            }
        };
        let (method, target, host) = names;
        let headers = incoming.headers;
        let host = told(headers, host)?;
        if host.is_none() && self.policy.rules_name_hosts() {
            return Err(incomplete(names.2, "is missing, and rules of the policy name hosts"));
        }
        Ok(AuthRequest {
            method: told(headers, method)?.ok_or_else(|| incomplete(method, "is missing"))?,
            host,
            authority: None,
            target: told(headers, target)?.ok_or_else(|| incomplete(target, "is missing"))?,
            headers,
            client_ip: self.trust.client_behind_proxy(headers),
            // A proxy does not say where its client is.
            location: ClientLocation::default(),
            certificate: PlatformCertificate::Nothing,
            path_rewritten: false,
            proxy_trusted: true,
        })
    }

    /// The request that ingress-nginx describes: `$scheme://$http_host$request_uri`.
    fn described_by_url<'a>(&self, headers: Headers<'a>) -> Result<AuthRequest<'a>, Denial> {
        const URL: &str = "x-original-url";
        let url = told(headers, URL)?.ok_or_else(|| incomplete(URL, "is missing"))?;
        let method = told(headers, "x-original-method")?;
        let Some(rest) = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))
        else {
            return Err(incomplete(URL, "is not a URL of `https` or `http`"));
        };
        // What follows the host is the target as the client sent it.
        let end = rest.find('/').filter(|end| *end > 0);
        let (host, target) =
            rest.split_at(end.ok_or_else(|| incomplete(URL, "has no host, or no path"))?);
        Ok(AuthRequest {
            method: method.ok_or_else(|| incomplete("x-original-method", "is missing"))?,
            host: Some(host),
            authority: None,
            target,
            headers,
            client_ip: self.trust.client_behind_proxy(headers),
            // A proxy does not say where its client is.
            location: ClientLocation::default(),
            certificate: PlatformCertificate::Nothing,
            path_rewritten: false,
            proxy_trusted: true,
        })
    }

    /// 200 with every identity header, empty ones too: a proxy that copies them then overwrites
    /// whatever the client sent under these names.
    fn allowed(&self, grant: &Grant) -> Reply {
        let mut reply = Reply::empty(200);
        reply.headers.extend(self.identity.complete(grant.principal.as_ref()));
        reply
    }

    fn forward_refusal(&self, outcome: &Outcome, denial: &Denial) -> Reply {
        // nginx makes a 500 of whatever is neither 2xx nor 401 nor 403.
        let by_nginx = matches!(self.policy.forward_auth, Some(Proxy::Nginx | Proxy::IngressNginx));
        let status = match denial.code.status() {
            401 => 401,
            _ if by_nginx => 403,
            other => other,
        };
        let mut reply =
            self.refusal_as(status, outcome).unwrap_or_else(|| Reply::problem(status, denial.code));
        reply.headers.push((self.identity.code_header(), denial.code.name().to_owned()));
        reply
    }
}

/// Where Envoy is configured to tell its client's address. Asking, it adds to `X-Forwarded-For` not
/// that but its own, so that the field says nothing about anybody.
const ENVOYS_CLIENT: &str = "x-edge-auth-client-address";

fn envoys_client(headers: Headers<'_>) -> Option<IpAddr> {
    let address = headers.single(ENVOYS_CLIENT).ok()??;
    parse_client_address(std::str::from_utf8(address).ok()?)
}

/// A header that the proxy sets: at most once, and readable.
fn told<'a>(headers: Headers<'a>, name: &str) -> Result<Option<&'a str>, Denial> {
    let value = headers.single(name).map_err(|_| incomplete(name, "is there several times"))?;
    let text = value
        .map(std::str::from_utf8)
        .transpose()
        .map_err(|_| incomplete(name, "is unreadable"))?;
    Ok(text.filter(|text| !text.is_empty()))
}

fn incomplete(name: &str, what: &str) -> Denial {
    Denial::new(Code::ForwardedRequestIncomplete, format!("`{name}` {what}"))
}
