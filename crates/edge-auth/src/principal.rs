//! The verified caller. Only a verification makes one.

use std::sync::OnceLock;

use serde::Serialize;

use crate::identity_headers::HeaderValues;
use crate::redact::{MAX_PRINCIPAL, Redactor};
use crate::scopes::Scopes;

/// A verified caller. Other crates can read a principal, but not make one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Principal {
    /// The identifier, unique over all issuers and blocks: `jwt:<issuer name>:<sub>`,
    /// `key:<block>:<key id>`, `cert:<block>:<identity>`.
    pub id: String,
    /// The kind of credential.
    pub kind: PrincipalKind,
    /// The token's `sub`, the key's id, or the certificate's identity.
    pub subject: String,
    /// The token's verified `iss`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The token's client, or the key's owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The tenant in the token's `iss`, or the key's tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The granted scopes.
    #[serde(serialize_with = "crate::scopes::joined")]
    pub scopes: Scopes,
    #[serde(skip)]
    pub(crate) derived: Derived,
}

/// What is made of a principal when it is first needed, and kept with it for its next requests. It
/// follows from the rest, so it does not count in comparisons.
#[derive(Debug, Clone, Default)]
pub(crate) struct Derived {
    headers: OnceLock<HeaderValues>,
    /// `None` where the log has the principal as it is.
    logged: OnceLock<Option<Box<LoggedPrincipal>>>,
}

impl PartialEq for Derived {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Derived {}

/// A principal's id and tenant, without what could be credentials.
#[derive(Debug, Clone)]
struct LoggedPrincipal {
    id: String,
    tenant: Option<String>,
}

impl Principal {
    /// Returns the values of its identity headers.
    pub(crate) fn header_values(&self) -> &HeaderValues {
        self.derived.headers.get_or_init(|| HeaderValues::of(self))
    }

    /// Returns the id and tenant for the audit log. A gate has one redactor, and principals of its
    /// own.
    pub(crate) fn logged(&self, redactor: &Redactor) -> (&str, Option<&str>) {
        let logged = self.derived.logged.get_or_init(|| {
            let id = redactor.hide(&self.id, MAX_PRINCIPAL);
            let tenant = self.tenant.as_ref().map(|tenant| redactor.hide(tenant, MAX_PRINCIPAL));
            if id == self.id && tenant == self.tenant {
                return None;
            }
            Some(Box::new(LoggedPrincipal { id, tenant }))
        });
        match logged {
            Some(logged) => (&logged.id, logged.tenant.as_deref()),
            None => (&self.id, self.tenant.as_deref()),
        }
    }
}

/// The kind of credential that was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum PrincipalKind {
    /// A JSON Web Token.
    Jwt,
    /// An API key.
    ApiKey,
    /// A client certificate.
    ClientCertificate,
    /// The bootstrap secret of the administration, which never becomes a principal.
    Bootstrap,
}

impl PrincipalKind {
    /// Returns the name that the upstream gets: `jwt`, `api-key`, `client-certificate`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jwt => "jwt",
            Self::ApiKey => "api-key",
            Self::ClientCertificate => "client-certificate",
            Self::Bootstrap => "bootstrap",
        }
    }
}
