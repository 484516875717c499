//! Recognises the issuer of a token: by its `iss`, which may have a tenant in it, or by the trust
//! domain of its `sub`.

use std::borrow::Cow;

use edge_auth_token::Claims;

use serde::{Deserialize, Serialize};

use crate::tenant::is_tenant;

/// The placeholder for the tenant in an `iss` and in the URL of a key set.
pub(crate) const TENANT: &str = "{tenant}";

/// The identifier that an issuer's tokens are recognised by.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) enum IssuerIdentifier {
    /// An `iss` in one of these forms. The policy and revocation call the issuer by the first.
    Iss { forms: Vec<IssForm>, tenants: Tenants },
    /// A SPIFFE ID of this trust domain in `sub`.
    TrustDomain(String),
}

/// A form of an `iss`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) enum IssForm {
    Exactly(String),
    /// A tenant stands between the two.
    Tenant {
        before: String,
        after: String,
    },
}

/// The tenants whose tokens are accepted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) enum Tenants {
    /// The issuer has none.
    None,
    Listed(Vec<String>),
    /// `insecure_any_tenant`.
    Any,
}

/// An issuer, as it was recognised in a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identified<'a> {
    /// The issuer as revocation calls it.
    pub iss: Cow<'a, str>,
    pub tenant: Option<&'a str>,
}

impl IssuerIdentifier {
    /// Recognises the issuer in a token's claims.
    pub(crate) fn identify<'a>(&'a self, claims: &'a Claims) -> Option<Identified<'a>> {
        match self {
            Self::Iss { .. } => self.of_iss(claims.issuer()?),
            Self::TrustDomain(domain) => {
                let is_ours =
                    claims.subject().is_some_and(|subject| is_spiffe_id_of(subject, domain));
                is_ours.then(|| Identified {
                    iss: Cow::Owned(format!("spiffe://{domain}")),
                    tenant: None,
                })
            }
        }
    }

    /// Recognises the issuer in an `iss`, or in `spiffe://DOMAIN` where tokens need no `iss`.
    pub(crate) fn of_iss<'a>(&'a self, iss: &'a str) -> Option<Identified<'a>> {
        let (forms, tenants) = match self {
            Self::Iss { forms, tenants } => (forms, tenants),
            Self::TrustDomain(domain) => {
                let is_ours = iss.strip_prefix("spiffe://") == Some(domain);
                return is_ours.then_some(Identified { iss: Cow::Borrowed(iss), tenant: None });
            }
        };
        let found = forms.iter().find_map(|form| match form {
            IssForm::Exactly(own) => (own == iss).then_some(None),
            IssForm::Tenant { before, after } => {
                let tenant = iss.strip_prefix(before.as_str())?.strip_suffix(after.as_str())?;
                tenants.allow(tenant).then_some(Some(tenant))
            }
        });
        let tenant = found?;
        let canonical = match (forms.first()?, tenant) {
            (IssForm::Exactly(own), _) => Cow::Borrowed(own.as_str()),
            (IssForm::Tenant { before, after }, Some(tenant)) => {
                Cow::Owned([before, tenant, after].concat())
            }
            (IssForm::Tenant { .. }, None) => return None,
        };
        Some(Identified { iss: canonical, tenant })
    }

    /// Returns the one `iss` of the issuer; `None` if each tenant has its own.
    pub(crate) fn only_iss(&self) -> Option<String> {
        match self {
            Self::Iss { forms, .. } => match forms.first()? {
                IssForm::Exactly(iss) => Some(iss.clone()),
                IssForm::Tenant { .. } => None,
            },
            Self::TrustDomain(domain) => Some(format!("spiffe://{domain}")),
        }
    }

    /// Returns the tenants that the policy lists.
    pub(crate) fn listed_tenants(&self) -> &[String] {
        match self {
            Self::Iss { tenants: Tenants::Listed(tenants), .. } => tenants,
            Self::Iss { tenants: Tenants::None | Tenants::Any, .. } | Self::TrustDomain(_) => &[],
        }
    }

    /// Whether tokens of any tenant are accepted.
    pub(crate) fn takes_any_tenant(&self) -> bool {
        matches!(self, Self::Iss { tenants: Tenants::Any, .. })
    }
}

impl Tenants {
    fn allow(&self, tenant: &str) -> bool {
        match self {
            Self::None => false,
            Self::Listed(tenants) => tenants.iter().any(|own| own == tenant),
            Self::Any => is_tenant(tenant) && !ANY_TENANT.contains(&tenant),
        }
    }
}

/// Names that Microsoft has for endpoints of all tenants: no token is issued by one of them.
const ANY_TENANT: [&str; 3] = ["common", "organizations", "consumers"];

/// Whether a subject is a SPIFFE ID of a workload in this trust domain (SPIFFE-ID, section 2).
pub(super) fn is_spiffe_id_of(subject: &str, domain: &str) -> bool {
    let path = subject.strip_prefix("spiffe://").and_then(|rest| rest.strip_prefix(domain));
    let Some(path) = path.and_then(|path| path.strip_prefix('/')) else {
        return false;
    };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let is_segment =
        |segment: &str| !matches!(segment, "" | "." | "..") && segment.bytes().all(allowed);
    subject.len() <= 2048 && path.split('/').all(is_segment)
}
