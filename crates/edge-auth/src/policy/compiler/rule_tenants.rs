//! The `tenants` of a rule.

use super::mistakes::{Compiler, Field};
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
