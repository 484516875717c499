//! `[forward_auth] proxy`: the proxies that can ask.

use serde::{Deserialize, Serialize};

/// The proxy that asks, and with it the headers that are believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Proxy {
    /// nginx `auth_request`: `X-Original-Method`, `X-Original-URI`, `X-Original-Host`. Only 2xx,
    /// 401 and 403 are answered, since nginx turns anything else into a 500.
    Nginx,
    /// ingress-nginx (`auth-url`): `X-Original-Method`, and the whole URL in `X-Original-URL`. It
    /// answers like `nginx`.
    IngressNginx,
    /// Traefik `ForwardAuth`: `X-Forwarded-Method`, `-Uri`, `-Host`.
    Traefik,
    /// Caddy `forward_auth`: `X-Forwarded-Method`, `-Uri`, `-Host`.
    Caddy,
    /// Envoy `ext_authz` over HTTP: the method and path of the request itself.
    Envoy,
}
