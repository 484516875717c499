//! From `issuer`, `tenants` and `trust_domain` to what an issuer's tokens are recognised by.

#[cfg(test)]
mod tests;

use super::mistakes::{Compiler, Field};
use super::preset::Preset;
use super::schema;
use crate::policy::issuer_identifier::{IssForm, IssuerIdentifier, TENANT, Tenants};
use crate::tenant::is_tenant;

impl IssuerIdentifier {
    /// Compiles `issuer`, `tenants` and `trust_domain` of a block, and reports mistakes to
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
                "`{found}` is not a placeholder, and no token's `iss` looks like that. For a tenant write `{TENANT}`, \
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
        Some(Self::Iss { forms: forms(form, source.preset == Some(Preset::Entra)), tenants })
    }

    /// Whether its tokens have a tenant.
    pub(super) fn has_tenants(&self) -> bool {
        match self {
            Self::Iss { tenants: Tenants::Listed(_) | Tenants::Any, .. } => true,
            Self::Iss { tenants: Tenants::None, .. } | Self::TrustDomain(_) => false,
        }
    }
}

/// Returns the forms of an issuer's `iss`: Entra's tokens of the other version have another one.
pub(super) fn forms(form: IssForm, is_entra: bool) -> Vec<IssForm> {
    let other = if is_entra { entras_other_form(&form) } else { None };
    let mut forms = vec![form];
    forms.extend(other);
    forms
}

impl IssForm {
    pub(super) fn parse(iss: &str) -> Option<Self> {
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

/// Returns what stands in braces and is not the tenant.
pub(super) fn other_placeholder(iss: &str) -> Option<String> {
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
