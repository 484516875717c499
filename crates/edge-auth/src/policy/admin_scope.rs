//! The scopes of the administration. Each must be spelled out twice: by the rule that decides, and
//! by what its caller was granted.

use std::fmt;

use serde::Serialize;

/// A reserved scope: the permission for some requests to `/admin/v1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub enum AdminScope {
    /// To look at API keys, and at the description of the interface.
    #[serde(rename = "edge-auth:keys:read")]
    ReadKeys,
    /// To make, import, rotate, disable, enable, revoke and wrap API keys.
    #[serde(rename = "edge-auth:keys:write")]
    WriteKeys,
    /// To look at revocations.
    #[serde(rename = "edge-auth:revocations:read")]
    ReadRevocations,
    /// To revoke, to take revocations back, and to compact their log.
    #[serde(rename = "edge-auth:revocations:write")]
    WriteRevocations,
}

impl AdminScope {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::ReadKeys, Self::WriteKeys, Self::ReadRevocations, Self::WriteRevocations];

    /// Returns the scope as rules and credentials write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ReadKeys => "edge-auth:keys:read",
            Self::WriteKeys => "edge-auth:keys:write",
            Self::ReadRevocations => "edge-auth:revocations:read",
            Self::WriteRevocations => "edge-auth:revocations:write",
        }
    }

    /// Returns the method and the path of every request that needs it.
    pub fn requests(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::ReadKeys => &[
                ("GET", "/admin/v1/openapi.json"),
                ("GET", "/admin/v1/keys"),
                ("GET", "/admin/v1/keys/{id}"),
            ],
            Self::WriteKeys => &[
                ("POST", "/admin/v1/keys"),
                ("POST", "/admin/v1/keys/import"),
                ("POST", "/admin/v1/keys/{id}/rotate"),
                ("POST", "/admin/v1/keys/{id}/disable"),
                ("POST", "/admin/v1/keys/{id}/enable"),
                ("POST", "/admin/v1/keys/{id}/revoke"),
                ("POST", "/admin/v1/keys/{id}/wrap"),
            ],
            Self::ReadRevocations => {
                &[("GET", "/admin/v1/revocations"), ("GET", "/admin/v1/revocations/{id}")]
            }
            Self::WriteRevocations => &[
                ("POST", "/admin/v1/revocations"),
                ("POST", "/admin/v1/revocations/compact"),
                ("POST", "/admin/v1/revocations/{id}/undo"),
            ],
        }
    }
}

impl fmt::Display for AdminScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scopes::Scopes;

    #[test]
    fn all_scopes_hold_none_of_them() {
        for scope in AdminScope::ALL {
            assert!(!Scopes::All.contains(scope.name()), "{scope}");
            assert_eq!(serde_json::to_value(scope).unwrap(), scope.name());
        }
    }
}
