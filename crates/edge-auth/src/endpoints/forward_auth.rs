//! Forward-auth: a proxy asks about a request that it holds back.
//!
//! Only a trusted proxy is believed, and only the headers that this kind of proxy sets. A missing
//! header is refused, never defaulted. The proxy forwards the path as it was sent, so a path that
//! its upstream could read differently is refused.

use std::net::IpAddr;

use edge_auth_token::Timestamp;

use super::refusal::refusal_as;
use crate::certificate::PlatformCertificate;
use crate::client_location::ClientLocation;
use crate::denial::{Code, Denial};
use crate::gate::{Decision, Gate, Grant, Outcome};
use crate::platform::Platform;
use crate::policy::Proxy;
use crate::reply::Reply;
use crate::request::{AuthRequest, Headers, InboundRequest};
use crate::route::cut_prefix;
use crate::trusted_proxies::parse_client_address;

/// The endpoint that proxies ask.
pub struct ForwardAuth<'g, P: Platform>(&'g Gate<P>);

impl<'g, P: Platform> ForwardAuth<'g, P> {
    /// Makes the endpoint of a gate.
    pub fn new(gate: &'g Gate<P>) -> Self {
        Self(gate)
    }

    /// Decides about the request that a proxy describes, and answers as this kind of proxy expects.
    /// `prefix` is the path under which this endpoint is served, such as `/authorize`.
    pub async fn answer(
        &self,
        inbound: &InboundRequest<'_>,
        prefix: &str,
        now: Timestamp,
    ) -> (Reply, Outcome) {
        let outcome = match self.described(inbound, prefix) {
            Ok(request) => self.0.authorize_for_proxy(&request, now).await,
            Err(denial) => return self.refuse(inbound, denial, now),
        };
        (self.reply(&outcome), outcome)
    }

    /// Refuses a request about which nothing is decided.
    pub(super) fn refuse(
        &self,
        inbound: &InboundRequest<'_>,
        denial: Denial,
        now: Timestamp,
    ) -> (Reply, Outcome) {
        let outcome = self.0.refuse(&inbound.as_request(inbound.peer), denial, now);
        (self.reply(&outcome), outcome)
    }

    /// Answers a request whose decision the host cannot record.
    pub(super) fn undecided(&self) -> Reply {
        let code = Code::StoreUnavailable;
        let mut reply = Reply::problem(self.status(code), code);
        reply.headers.push(self.code_field(code));
        reply
    }

    fn reply(&self, outcome: &Outcome) -> Reply {
        match &outcome.decision {
            Decision::Allow(grant) => self.allowed(grant),
            Decision::Deny(denial) => self.refused(outcome, denial),
        }
    }

    fn described<'a>(
        &self,
        inbound: &InboundRequest<'a>,
        prefix: &str,
    ) -> Result<AuthRequest<'a>, Denial> {
        let Some(proxy) = self.0.policy().forward_auth() else {
            return Err(Denial::new(
                Code::ForwardedRequestIncomplete,
                "the policy has no `[forward_auth]` with a `proxy`",
            ));
        };
        if !self.0.trusted_proxies().admits(inbound) {
            let peer = inbound.peer.map_or_else(|| "unknown".to_owned(), |peer| peer.to_string());
            return Err(Denial::new(
                Code::ProxyUntrusted,
                format!("{peer} is not a trusted proxy: see `[trust]`"),
            ));
        }
        self.0.identity_headers().refuse_imitations(inbound.headers)?;
        let Some(rest) = cut_prefix(inbound.target, prefix) else {
            let reason = "the path is not below the endpoint's prefix";
            return Err(Denial::new(Code::PathAmbiguous, reason));
        };
        match proxy {
            // Envoy sends the request itself, below the prefix.
            Proxy::Envoy => Ok(AuthRequest {
                target: rest,
                proxy_trusted: true,
                // On this connection the client is the proxy.
                certificate: PlatformCertificate::Nothing,
                ..inbound.as_request(envoys_client(inbound.headers))
            }),
            Proxy::IngressNginx => self.described_by_url(inbound.headers),
            Proxy::Nginx => {
                let names = ["x-original-method", "x-original-uri", "x-original-host"];
                self.described_by_fields(inbound.headers, names)
            }
            Proxy::Traefik | Proxy::Caddy => {
                let names = ["x-forwarded-method", "x-forwarded-uri", "x-forwarded-host"];
                self.described_by_fields(inbound.headers, names)
            }
        }
    }

    /// Reads the request from one field each for the method, the target and the host.
    fn described_by_fields<'a>(
        &self,
        headers: Headers<'a>,
        [method, target, host]: [&str; 3],
    ) -> Result<AuthRequest<'a>, Denial> {
        let host_field = read_field(headers, host)?;
        if host_field.is_none() && self.0.policy().rules_name_hosts() {
            return Err(incomplete(host, "is missing, and rules of the policy name hosts"));
        }
        let method = required_field(headers, method)?;
        let target = required_field(headers, target)?;
        Ok(self.request(method, host_field, target, headers))
    }

    /// Reads the request as ingress-nginx describes it: `$scheme://$http_host$request_uri`.
    fn described_by_url<'a>(&self, headers: Headers<'a>) -> Result<AuthRequest<'a>, Denial> {
        const URL: &str = "x-original-url";
        const METHOD: &str = "x-original-method";
        let url = required_field(headers, URL)?;
        let method = read_field(headers, METHOD)?;
        let Some(rest) = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))
        else {
            return Err(incomplete(URL, "is not a URL of `https` or `http`"));
        };
        let Some(end) = rest.find('/').filter(|end| *end > 0) else {
            return Err(incomplete(URL, "has no host, or no path"));
        };
        // What follows the host is the target as the client sent it.
        let (host, target) = rest.split_at(end);
        let Some(method) = method else { return Err(incomplete(METHOD, "is missing")) };
        Ok(self.request(method, Some(host), target, headers))
    }

    fn request<'a>(
        &self,
        method: &'a str,
        host: Option<&'a str>,
        target: &'a str,
        headers: Headers<'a>,
    ) -> AuthRequest<'a> {
        AuthRequest {
            method,
            host,
            authority: None,
            target,
            headers,
            client_ip: self.0.trusted_proxies().client_behind_proxy(headers),
            // A proxy does not say where its client is.
            location: ClientLocation::default(),
            certificate: PlatformCertificate::Nothing,
            path_rewritten: false,
            proxy_trusted: true,
        }
    }

    /// Answers 200 with every identity header, empty ones too: a proxy that copies them then
    /// overwrites what the client sent under these names.
    fn allowed(&self, grant: &Grant) -> Reply {
        let mut reply = Reply::empty(200);
        for (name, value) in self.0.identity_headers().complete(grant.principal.as_deref()) {
            reply.headers.push((name.to_owned(), value.to_owned()));
        }
        reply
    }

    fn refused(&self, outcome: &Outcome, denial: &Denial) -> Reply {
        let mut reply = refusal_as(self.0, outcome, denial, self.status(denial.code));
        reply.headers.push(self.code_field(denial.code));
        reply
    }

    /// Returns the status of a refusal. nginx answers 500 to its client if it is neither 401 nor
    /// 403.
    fn status(&self, code: Code) -> u16 {
        let is_nginx =
            matches!(self.0.policy().forward_auth(), Some(Proxy::Nginx | Proxy::IngressNginx));
        match code.status() {
            401 => 401,
            _ if is_nginx => 403,
            other => other,
        }
    }

    fn code_field(&self, code: Code) -> (String, String) {
        (self.0.identity_headers().code_header(), code.name().to_owned())
    }
}

/// The field in which Envoy is configured to send its client's address. When Envoy asks, it adds
/// its own address to `X-Forwarded-For`, so that field does not name the client.
const ENVOYS_CLIENT: &str = "x-edge-auth-client-address";

fn envoys_client(headers: Headers<'_>) -> Option<IpAddr> {
    let address = headers.single(ENVOYS_CLIENT).ok()??;
    parse_client_address(std::str::from_utf8(address).ok()?)
}

/// Reads a header that the proxy sets: at most once, and as text. An empty one counts as missing.
fn read_field<'a>(headers: Headers<'a>, name: &str) -> Result<Option<&'a str>, Denial> {
    let Ok(value) = headers.single(name) else {
        return Err(incomplete(name, "is there several times"));
    };
    let Some(value) = value else { return Ok(None) };
    match std::str::from_utf8(value) {
        Ok("") => Ok(None),
        Ok(text) => Ok(Some(text)),
        Err(_) => Err(incomplete(name, "is unreadable")),
    }
}

fn required_field<'a>(headers: Headers<'a>, name: &str) -> Result<&'a str, Denial> {
    read_field(headers, name)?.ok_or_else(|| incomplete(name, "is missing"))
}

fn incomplete(name: &str, what: &str) -> Denial {
    Denial::new(Code::ForwardedRequestIncomplete, format!("`{name}` {what}"))
}
