//! Which face answers, on every host.

/// Who answers a request, by its raw path: nothing is decoded before the gate does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    /// `/healthz`: whether the host stands.
    Health,
    /// `/admin/v1/…`: [`Gate::admin`](crate::Gate::admin).
    Admin,
    /// The client's own request: [`Gate::gateway`](crate::Gate::gateway).
    Gateway,
    /// [`AUTHORIZE`] and what is below it: [`Gate::forward_auth`](crate::Gate::forward_auth).
    ForwardAuth,
    /// `/v1/verify`: [`Gate::verify_json`](crate::Gate::verify_json).
    Verify,
}

/// The path of the forward-auth face, for [`Gate::forward_auth`](crate::Gate::forward_auth).
pub const AUTHORIZE: &str = "/authorize";

/// What decides who answers.
#[derive(Debug, Clone, Copy)]
pub struct Mode {
    /// Whether there is an upstream.
    pub gateway: bool,
    /// Whether the policy has an `[admin]`. Without one an upstream may have these paths.
    pub administers: bool,
}

impl Face {
    /// The face that a request target (RFC 9112, section 3.2.1) is for, if any.
    pub fn of(target: &str, mode: Mode) -> Option<Self> {
        let path = target.split('?').next().unwrap_or_default();
        let below = |prefix: &str| {
            path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        match path {
            "/healthz" => Some(Self::Health),
            _ if below("/admin/v1") && (mode.administers || !mode.gateway) => Some(Self::Admin),
            _ if mode.gateway => Some(Self::Gateway),
            "/v1/verify" => Some(Self::Verify),
            _ if below(AUTHORIZE) => Some(Self::ForwardAuth),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(target: &str, gateway: bool, administers: bool) -> Option<Face> {
        Face::of(target, Mode { gateway, administers })
    }

    #[test]
    fn health_lives_on_the_listener_and_so_does_administration_where_it_is_on() {
        for gateway in [false, true] {
            assert_eq!(face("/healthz?x=1", gateway, false), Some(Face::Health));
            assert_eq!(face("/admin/v1/keys", gateway, true), Some(Face::Admin));
            assert_eq!(face("/admin/v1", gateway, true), Some(Face::Admin));
        }
        assert_eq!(face("/admin/v1/keys", false, false), Some(Face::Admin));
    }

    #[test]
    fn a_gateway_proxies_every_other_path() {
        for target in ["/", "/authorize", "/v1/verify", "/healthz/x", "/admin/v10", "/%68ealthz", ""] {
            assert_eq!(face(target, true, true), Some(Face::Gateway), "{target}");
        }
        assert_eq!(face("/admin/v1/keys", true, false), Some(Face::Gateway));
    }

    #[test]
    fn an_authorizer_has_two_faces_and_nothing_else() {
        assert_eq!(face("/authorize", false, false), Some(Face::ForwardAuth));
        assert_eq!(face("/authorize/v1/orders", false, false), Some(Face::ForwardAuth));
        assert_eq!(face("/v1/verify", false, false), Some(Face::Verify));
        for target in ["/", "/authorizer", "/v1/verify/", "/x/../authorize", "/admin", "*"] {
            assert_eq!(face(target, false, false), None, "{target}");
        }
    }
}
