//! Which endpoint a request target is for, on every host.

use crate::route::NormalPath;

/// The part that answers a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// `/healthz`: whether the host runs.
    Health,
    /// `/admin/v1/…`: the control plane.
    Admin,
    /// The client's own request: [`GatewayEndpoint`](super::GatewayEndpoint).
    Gateway,
    /// [`AUTHORIZE`] and every path below it: [`ForwardAuth`](super::ForwardAuth).
    ForwardAuth,
    /// `/v1/verify`: [`VerifyEndpoint`](super::VerifyEndpoint).
    Verify,
}

/// The path of the forward-auth endpoint.
pub(super) const AUTHORIZE: &str = "/authorize";

/// What the choice of the endpoint depends on, besides the path.
#[derive(Debug, Clone, Copy)]
pub(super) struct EndpointConfig {
    /// Whether there is an upstream.
    pub(super) gateway: bool,
    /// Whether the policy has an `[admin]`. Without one an upstream may have these paths.
    pub(super) administers: bool,
}

impl Endpoint {
    /// Returns the endpoint that a request target (RFC 9112, section 3.2.1) is for, if any.
    pub(super) fn of(target: &str, config: EndpointConfig) -> Option<Self> {
        let raw = target.split('?').next().unwrap_or_default();
        // A gateway forwards the normal path, so another spelling of one of the listener's own
        // paths must not reach the upstream.
        let normal = match config.gateway && raw.contains(['%', '.']) {
            true => NormalPath::parse(raw).ok().map(|(path, _)| path),
            false => None,
        };
        let path = normal.as_ref().map_or(raw, NormalPath::decoded);
        let below = |prefix: &str| {
            path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        match path {
            "/healthz" => Some(Self::Health),
            _ if below("/admin/v1") && (config.administers || !config.gateway) => Some(Self::Admin),
            _ if config.gateway => Some(Self::Gateway),
            "/v1/verify" => Some(Self::Verify),
            _ if below(AUTHORIZE) => Some(Self::ForwardAuth),
            _ => None,
        }
    }
}

/// Returns whether a request target is that of the health check, which needs no gate.
pub fn asks_for_health(target: &str) -> bool {
    Endpoint::of(target, EndpointConfig { gateway: true, administers: false })
        == Some(Endpoint::Health)
}

/// Returns whether a request target is one of the control plane's, on a host that has no upstream.
pub fn asks_for_administration(target: &str) -> bool {
    Endpoint::of(target, EndpointConfig { gateway: false, administers: true })
        == Some(Endpoint::Admin)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(target: &str, gateway: bool, administers: bool) -> Option<Endpoint> {
        Endpoint::of(target, EndpointConfig { gateway, administers })
    }

    #[test]
    fn health_lives_on_the_listener_and_so_does_administration_where_it_is_on() {
        for gateway in [false, true] {
            assert_eq!(endpoint("/healthz?x=1", gateway, false), Some(Endpoint::Health));
            assert_eq!(endpoint("/admin/v1/keys", gateway, true), Some(Endpoint::Admin));
            assert_eq!(endpoint("/admin/v1", gateway, true), Some(Endpoint::Admin));
        }
        assert_eq!(endpoint("/admin/v1/keys", false, false), Some(Endpoint::Admin));
    }

    #[test]
    fn a_gateway_proxies_every_other_path() {
        for target in ["/", "/authorize", "/v1/verify", "/healthz/x", "/admin/v10", "/%2e%2e/x", ""]
        {
            assert_eq!(endpoint(target, true, true), Some(Endpoint::Gateway), "{target}");
        }
        assert_eq!(endpoint("/admin/v1/keys", true, false), Some(Endpoint::Gateway));
    }

    #[test]
    fn no_spelling_of_the_listeners_own_paths_goes_upstream() {
        for target in
            ["/%61dmin/v1/keys", "/x/../admin/v1/keys", "/admin/./v1", "/admin/%76%31/keys?x"]
        {
            assert_eq!(endpoint(target, true, true), Some(Endpoint::Admin), "{target}");
            assert_eq!(endpoint(target, true, false), Some(Endpoint::Gateway), "{target}");
            assert_eq!(endpoint(target, false, true), None, "{target}");
        }
        for target in ["/%68ealthz", "/x/../healthz?y"] {
            assert_eq!(endpoint(target, true, false), Some(Endpoint::Health), "{target}");
        }
    }

    #[test]
    fn an_authorizer_has_two_endpoints_and_nothing_else() {
        assert_eq!(endpoint("/authorize", false, false), Some(Endpoint::ForwardAuth));
        assert_eq!(endpoint("/authorize/v1/orders", false, false), Some(Endpoint::ForwardAuth));
        assert_eq!(endpoint("/v1/verify", false, false), Some(Endpoint::Verify));
        for target in ["/", "/authorizer", "/v1/verify/", "/x/../authorize", "/admin", "*"] {
            assert_eq!(endpoint(target, false, false), None, "{target}");
        }
    }
}
