//! The `tenants` of a rule.

use super::compiler::{Compiler, Field};
use super::{CredentialRef, Policy};
use crate::tenant::is_tenant;

/// Compiles a rule's list, and reports mistakes at `at`.
pub(super) fn rule_tenants(
    compiler: &mut Compiler<'_>,
    at: Field,
    is_public: bool,
    listed: &[String],
) -> Vec<String> {
    if is_public {
        compiler.error(
            at.clone(),
            "are about callers, and a public rule asks for no credential: leave `tenants` out",
        );
    }
    if listed.is_empty() {
        compiler.error(
            at.clone(),
            "is empty, so the rule would refuse every caller: name a tenant, or leave it out",
        );
    }
    let mut tenants: Vec<String> = Vec::with_capacity(listed.len());
    for tenant in listed {
        if !is_tenant(tenant) {
            let message = format!(
                "`{}` names no tenant: write it as in the record of a key or in `iss`, with 1 to \
                 128 letters, digits, `-`, `_` and `.`",
                tenant.escape_debug()
            );
            compiler.error(at.clone(), &message);
        } else if tenants.contains(tenant) {
            compiler.error(at.clone(), &format!("`{tenant}` is named twice"));
        } else {
            tenants.push(tenant.clone());
        }
    }
    tenants
}

impl Policy {
    /// Returns advice for each rule with `tenants` that refuses every caller, since none of its
    /// credentials has a tenant.
    pub(super) fn rules_without_tenants(&self) -> Vec<String> {
        let mut advice = Vec::new();
        for rule in &self.rules {
            let mut principals = rule.access.principals().iter();
            if rule.tenants.is_none() || principals.any(|named| self.can_have_tenant(named)) {
                continue;
            }
            advice.push(format!(
                "rule `{}`: `tenants` refuses every caller: only API keys, and tokens of an \
                 issuer with tenants, have one. Name such a credential in `require` (in `all` as \
                 the first), or leave `tenants` out",
                rule.name
            ));
        }
        advice
    }

    fn can_have_tenant(&self, named: &CredentialRef) -> bool {
        match named {
            CredentialRef::Jwt(index) => match self.issuers.get(*index) {
                Some(issuer) => issuer.identifier.has_tenants(),
                None => false,
            },
            CredentialRef::Key(_) => true,
            CredentialRef::Cert(_) => false,
        }
    }
}
