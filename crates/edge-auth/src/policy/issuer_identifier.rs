//! Whose a token is: by its `iss`, which may have a tenant in it, or by the trust domain of its
//! `sub`.

use std::borrow::Cow;

use edge_auth_token::Claims;

use super::compile::{Compiler, Field};
use super::preset::Preset;
use super::schema;

/// What stands for the tenant in an `iss` and in the URL of a key set.
pub(crate) const TENANT: &str = "{tenant}";

/// How an issuer's tokens are recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IssuerIdentifier {
    /// By `iss`, in one of these forms. The first is how the policy, and revocation, call the
    /// issuer.
    Iss { forms: Vec<IssForm>, tenants: Tenants },
    /// By a SPIFFE ID of this trust domain in `sub`.
    TrustDomain(String),
}

/// A form of an `iss`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IssForm {
    Exactly(String),
    /// A tenant stands between the two.
    Tenant {
        before: String,
        after: String,
    },
}

/// The tenants whose tokens are accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
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

    /// Recognises the issuer in an `iss`, or in what stands for it where tokens need none.
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

    /// Compiles `issuer`, `tenants` and `trust_domain` of a block; mistakes are reported to
    /// `compiler`.
    pub(super) fn compile(
        compiler: &mut Compiler<'_>,
        index: usize,
        source: &schema::IssuerTable,
    ) -> Option<Self> {
        let at = |field: &'static str| Field::of("issuer", index, field);
        if source.preset == Some(Preset::Spiffe) {
            return trust_domain(compiler, index, source);
        }
        if source.trust_domain.is_some() {
            compiler.error(at("trust_domain"), "is for `preset = \"spiffe\"` only");
        }
        let Some(iss) = source.issuer.as_deref().filter(|iss| !iss.is_empty()) else {
            compiler.error(at("issuer"), "must be the exact `iss` of its tokens");
            return None;
        };
        let is_template = iss.contains(TENANT);
        if let Some(found) = other_placeholder(iss) {
            let message = format!(
                "`{found}` is no placeholder: no token's `iss` looks like that. For a tenant write `{TENANT}`, \
                 and list them (`tenants = […]`)"
            );
            compiler.error(at("issuer"), &message);
            return None;
        }
        let tenants = match (&source.tenants, source.insecure_any_tenant) {
            (Some(_), true) => {
                compiler
                    .error(at("insecure_any_tenant"), "contradicts `tenants`: keep one of them");
                return None;
            }
            (None, false) => Tenants::None,
            (None, true) => Tenants::Any,
            (Some(listed), false) => {
                if listed.is_empty() || !listed.iter().all(|tenant| is_tenant(tenant)) {
                    let message = "lists tenants as they stand in `iss`: 1 to 128 of letters, digits, `-`, `_` \
                                   and `.`";
                    compiler.error(at("tenants"), message);
                    return None;
                }
                Tenants::Listed(listed.clone())
            }
        };
        match (is_template, &tenants) {
            (true, Tenants::None) => {
                let message = format!(
                    "is missing: `issuer` has `{TENANT}` in it, so say whose tokens are accepted (or, knowing \
                     that these can be anybody's, set `insecure_any_tenant = true`)"
                );
                compiler.error(at("tenants"), &message);
                return None;
            }
            (false, Tenants::Listed(_) | Tenants::Any) => {
                let message = format!("says nothing without `{TENANT}` in `issuer`");
                let field = if tenants == Tenants::Any { "insecure_any_tenant" } else { "tenants" };
                compiler.error(at(field), &message);
                return None;
            }
            (true, Tenants::Listed(_) | Tenants::Any) | (false, Tenants::None) => {}
        }
        let Some(form) = IssForm::parse(iss) else {
            let message = format!("must have `{TENANT}` once, as one whole segment of the path");
            compiler.error(at("issuer"), &message);
            return None;
        };
        let entra = source.preset == Some(Preset::Entra);
        let other = entra.then(|| entras_other_form(&form)).flatten();
        Some(Self::Iss { forms: [Some(form), other].into_iter().flatten().collect(), tenants })
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

/// One segment of a path, with nothing in it that could be read in two ways.
fn is_tenant(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=128).contains(&text.len()) && text.bytes().all(allowed) && !matches!(text, "." | "..")
}

impl IssForm {
    fn parse(iss: &str) -> Option<Self> {
        let Some((before, after)) = iss.split_once(TENANT) else {
            return Some(Self::Exactly(iss.to_owned()));
        };
        let authority = before.split_once("://").map_or(before, |(_, rest)| rest);
        let is_segment = before.ends_with('/')
            && authority.len() > 1
            && (after.is_empty() || after.starts_with('/'));
        let form = Self::Tenant { before: before.to_owned(), after: after.to_owned() };
        (is_segment && authority != "/" && !after.contains(TENANT)).then_some(form)
    }
}

/// Entra's tokens of version 1 and 2 have an `iss` each; which one an API gets is set in its
/// registration.
fn entras_other_form(form: &IssForm) -> Option<IssForm> {
    const FORMS: [(&str, &str); 2] =
        [("https://login.microsoftonline.com/", "/v2.0"), ("https://sts.windows.net/", "/")];
    let [first, second] = FORMS;
    for ((before, after), (other_before, other_after)) in [(first, second), (second, first)] {
        match form {
            IssForm::Tenant { before: own_before, after: own_after } => {
                if own_before == before && own_after == after {
                    let (before, after) = (other_before.to_owned(), other_after.to_owned());
                    return Some(IssForm::Tenant { before, after });
                }
            }
            IssForm::Exactly(iss) => {
                let tenant = iss.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
                if let Some(tenant) = tenant.filter(|tenant| is_tenant(tenant)) {
                    return Some(IssForm::Exactly([other_before, tenant, other_after].concat()));
                }
            }
        }
    }
    None
}

/// What stands in braces and is not the tenant.
fn other_placeholder(iss: &str) -> Option<String> {
    let rest = iss.replace(TENANT, "");
    let start = rest.find(['{', '}'])?;
    let found = rest.get(start..).unwrap_or_default();
    let end = found.find('}').map_or(found.len(), |end| end + 1);
    Some(found.get(..end).unwrap_or_default().to_owned())
}

fn trust_domain(
    compiler: &mut Compiler<'_>,
    index: usize,
    source: &schema::IssuerTable,
) -> Option<IssuerIdentifier> {
    let at = |field: &'static str| Field::of("issuer", index, field);
    let elsewhere = [
        ("issuer", source.issuer.is_some()),
        ("tenants", source.tenants.is_some()),
        ("insecure_any_tenant", source.insecure_any_tenant),
        ("subject_claim", source.subject_claim.is_some()),
    ];
    for (field, _) in elsewhere.into_iter().filter(|(_, is_given)| *is_given) {
        compiler.error(
            at(field),
            "says nothing here: JWT-SVIDs are known by their `sub` and its `trust_domain`",
        );
    }
    let domain = source.trust_domain.as_deref().unwrap_or_default();
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    if domain.is_empty() || domain.len() > 255 || !domain.bytes().all(allowed) {
        let message = "must be the SPIFFE trust domain whose JWT-SVIDs are accepted: a-z, 0-9, `-`, `_` and `.`";
        compiler.error(at("trust_domain"), message);
        return None;
    }
    Some(IssuerIdentifier::TrustDomain(domain.to_owned()))
}

/// Whether a subject is a SPIFFE ID of a workload in this trust domain (SPIFFE-ID, section 2).
fn is_spiffe_id_of(subject: &str, domain: &str) -> bool {
    let path = subject.strip_prefix("spiffe://").and_then(|rest| rest.strip_prefix(domain));
    let Some(path) = path.and_then(|path| path.strip_prefix('/')) else {
        return false;
    };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let is_segment =
        |segment: &str| !matches!(segment, "" | "." | "..") && segment.bytes().all(allowed);
    subject.len() <= 2048 && path.split('/').all(is_segment)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identifier(iss: &str, tenants: Tenants, entra: bool) -> IssuerIdentifier {
        let form = IssForm::parse(iss).unwrap();
        let other = entra.then(|| entras_other_form(&form)).flatten();
        IssuerIdentifier::Iss {
            forms: [Some(form), other].into_iter().flatten().collect(),
            tenants,
        }
    }

    fn canonical(identifier: &IssuerIdentifier, iss: &str) -> Option<String> {
        identifier.of_iss(iss).map(|found| found.iss.into_owned())
    }

    const TEMPLATE: &str = "https://login.microsoftonline.com/{tenant}/v2.0";

    #[test]
    fn one_whole_segment_stands_for_a_listed_tenant() {
        let listed =
            identifier(TEMPLATE, Tenants::Listed(vec!["a".to_owned(), "b-1".to_owned()]), false);
        for tenant in ["a", "b-1"] {
            let iss = TEMPLATE.replace(TENANT, tenant);
            assert_eq!(canonical(&listed, &iss), Some(iss.clone()));
            assert_eq!(listed.of_iss(&iss).unwrap().tenant, Some(tenant));
        }
        for other in ["", "c", "A", "a/b", "a%2fb", "common", "{tenant}", "a/v2.0/b"] {
            assert_eq!(canonical(&listed, &TEMPLATE.replace(TENANT, other)), None, "{other}");
        }
        for other in [
            "https://login.microsoftonline.com/v2.0",
            "https://login.microsoftonline.com/a/v2.0/",
            "a",
        ] {
            assert_eq!(canonical(&listed, other), None, "{other}");
        }
    }

    #[test]
    fn any_tenant_is_one_segment_too() {
        let any = identifier(TEMPLATE, Tenants::Any, false);
        assert!(canonical(&any, "https://login.microsoftonline.com/x.example/v2.0").is_some());
        for other in [
            "",
            "a/b",
            "a?b",
            "a#b",
            "a%2fb",
            "..",
            ".",
            "common",
            "organizations",
            "consumers",
            "a b",
        ] {
            assert_eq!(canonical(&any, &TEMPLATE.replace(TENANT, other)), None, "{other}");
        }
    }

    #[test]
    fn both_forms_of_entra_are_one_issuer() {
        let (v1, v2) = ("https://sts.windows.net/a/", "https://login.microsoftonline.com/a/v2.0");
        for (iss, tenants) in
            [(v2, Tenants::None), (TEMPLATE, Tenants::Listed(vec!["a".to_owned()]))]
        {
            let entra = identifier(iss, tenants.clone(), true);
            assert_eq!(canonical(&entra, v1).as_deref(), Some(v2));
            assert_eq!(canonical(&entra, v2).as_deref(), Some(v2));
            assert_eq!(canonical(&entra, "https://sts.windows.net/b/"), None);
            assert_eq!(canonical(&identifier(iss, tenants, false), v1), None);
        }
        assert_eq!(canonical(&identifier(v1, Tenants::None, true), v2).as_deref(), Some(v1));
    }

    #[test]
    fn a_template_has_its_tenant_once_in_the_path() {
        for bad in [
            "https://{tenant}.example.com/",
            "https://{tenant}/",
            "https://login.example/x{tenant}/",
            "https://login.example/{tenant}x",
            "https://login.example/{tenant}/{tenant}",
            "{tenant}",
            "https:///{tenant}",
        ] {
            assert_eq!(IssForm::parse(bad), None, "{bad}");
        }
        assert!(IssForm::parse("https://login.example/{tenant}").is_some());
        assert_eq!(other_placeholder("https://a/{tenantid}/v2.0").as_deref(), Some("{tenantid}"));
        assert_eq!(other_placeholder(TEMPLATE), None);
    }

    #[test]
    fn a_spiffe_id_is_of_the_very_trust_domain_and_names_a_workload() {
        for good in ["spiffe://example.org/billing", "spiffe://example.org/ns/prod/sa/web_1.x"] {
            assert!(is_spiffe_id_of(good, "example.org"), "{good}");
        }
        for bad in [
            "spiffe://example.org",
            "spiffe://example.org/",
            "spiffe://example.org.example.net/billing",
            "spiffe://example.net/billing",
            "spiffe://Example.org/billing",
            "spiffe://example.org//billing",
            "spiffe://example.org/../billing",
            "spiffe://example.org/a%2fb",
            "spiffe://example.org/a?b",
            "spiffe://example.org:8443/a",
            "spiffe://user@example.org/a",
            "https://example.org/billing",
            "billing",
        ] {
            assert!(!is_spiffe_id_of(bad, "example.org"), "{bad}");
        }
    }
}
