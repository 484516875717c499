//! The fields of an upstream's answer that a gateway does not pass on to the client.

use crate::gate::Grant;

/// Fields that content delivery networks read before `Cache-Control` (RFC 9213, section 3, and
/// older ones), besides those that end with `-Cache-Control`, like `CDN-Cache-Control`.
const SHARED_CACHES: [&str; 3] = ["surrogate-control", "edge-control", "x-accel-expires"];

/// The kinds of fields that are removed from an upstream's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StrippedHeaders {
    /// Those that say which origins may read the answer, since the rule says it.
    pub cross_origin: bool,
    /// Those that tell shared caches to store the answer.
    pub shared_caches: bool,
}

impl StrippedHeaders {
    /// Returns whether a field, by its name in any case, is removed.
    pub fn has(self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let allows_origin = name.starts_with("access-control-allow-");
        let shared_cache =
            name.ends_with("-cache-control") || SHARED_CACHES.contains(&name.as_str());
        (self.cross_origin && allows_origin) || (self.shared_caches && shared_cache)
    }
}

impl Grant {
    /// Returns which kinds of fields are removed from the upstream's answer: those about origins if
    /// the rule has `cors`, and those for shared caches if there is a principal.
    pub fn stripped_headers(&self) -> StrippedHeaders {
        StrippedHeaders {
            cross_origin: !self.upstream.respond.is_empty(),
            shared_caches: self.principal.is_some(),
        }
    }

    /// Returns whether a field of the upstream's answer is removed, by its name in any case.
    pub fn strips(&self, name: &str) -> bool {
        self.stripped_headers().has(name)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::gate::UpstreamRequest;
    use crate::identity_headers::IdentityHeaders;
    use crate::principal::{Principal, PrincipalKind};
    use crate::scopes::Scopes;

    fn grant(principal: Option<Principal>, respond: &[(&str, &str)]) -> Grant {
        let respond =
            respond.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let upstream = UpstreamRequest {
            target: "/".into(),
            remove: vec![],
            rewritten: vec![],
            respond,
            upgrade: false,
            max_response_age: None,
        };
        let identity = IdentityHeaders::new("X-Auth-");
        Grant { principal: principal.map(Arc::new), upstream, identity }
    }

    #[test]
    fn a_rule_without_cors_leaves_it_to_the_upstream() {
        let grant = grant(None, &[]);
        assert!(!grant.strips("Access-Control-Allow-Origin"));
        assert!(!grant.strips("CDN-Cache-Control"), "shared caches may store a public answer");
    }

    #[test]
    fn a_rule_with_cors_is_the_only_one_to_name_origins() {
        let grant = grant(None, &[("Vary", "Origin")]);
        for name in ["Access-Control-Allow-Origin", "access-control-allow-credentials"] {
            assert!(grant.strips(name), "{name}");
        }
        assert!(!grant.strips("Access-Control-Expose-Headers"));
    }

    #[test]
    fn shared_caches_do_not_store_an_answer_to_a_principal() {
        let principal = Principal {
            id: "jwt:corp:alice".into(),
            kind: PrincipalKind::Jwt,
            subject: "alice".into(),
            issuer: None,
            client: None,
            tenant: None,
            scopes: Scopes::All,
            derived: Default::default(),
        };
        let grant = grant(Some(principal), &[]);
        for name in [
            "CDN-Cache-Control",
            "Cloudflare-CDN-Cache-Control",
            "Vercel-CDN-Cache-Control",
            "Akamai-Cache-Control",
            "Surrogate-Control",
            "Edge-Control",
            "X-Accel-Expires",
        ] {
            assert!(grant.strips(name), "{name}");
        }
        for name in ["Cache-Control", "Expires", "Vary", "Content-Type", "X-Cache"] {
            assert!(!grant.strips(name), "{name}");
        }
    }
}
