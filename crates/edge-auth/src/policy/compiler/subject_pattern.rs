//! The `subjects` of a rule.

use super::mistakes::{Compiler, Field};
use crate::policy::subject_pattern::SubjectPattern;

impl SubjectPattern {
    /// Compiles a rule's list, and reports mistakes at `at`. `principals` are the credentials that
    /// can be the rule's principal, as it writes them (`jwt:corp`); `with_tenants` are the issuers
    /// whose principals name their tenant.
    pub(super) fn compile(
        compiler: &mut Compiler<'_>,
        at: &Field,
        patterns: &[String],
        principals: &[&str],
        with_tenants: &[String],
    ) -> Vec<Self> {
        if patterns.is_empty() {
            compiler.error(
                at.clone(),
                "is empty, so that nobody could pass: name a principal, or leave it out",
            );
        }
        let mut compiled = Vec::with_capacity(patterns.len());
        for pattern in patterns {
            match Self::parse(pattern, principals, with_tenants) {
                Ok(pattern) => compiled.push(pattern),
                Err(reason) => compiler.error(at.clone(), &format!("`{pattern}`: {reason}")),
            }
        }
        compiled
    }

    fn parse(pattern: &str, principals: &[&str], with_tenants: &[String]) -> Result<Self, String> {
        if !principals.iter().any(|credential| is_below(pattern, credential)) {
            let example = principals.first().unwrap_or(&"jwt:NAME");
            return Err(format!(
                "write whom the rule's `require` can let in, as in \"{example}:ID\", with a `*` at the end for all \
                 that begin alike"
            ));
        }
        if let Some(issuer) = with_tenants.iter().find(|issuer| lacks_tenant(pattern, issuer)) {
            return Err(format!("say of which tenant, as in \"jwt:{issuer}:TENANT:ID\""));
        }
        let (text, is_prefix) = match pattern.strip_suffix('*') {
            Some(prefix) => (prefix, true),
            None => (pattern, false),
        };
        if text.contains('*') {
            return Err("a `*` stands at the end only".to_owned());
        }
        let text = text.to_owned();
        Ok(if is_prefix { Self::BeginsWith(text) } else { Self::Exactly(text) })
    }
}

/// Whether a pattern names ids of this credential (`jwt:corp`).
fn is_below(pattern: &str, credential: &str) -> bool {
    match pattern.strip_prefix(credential).and_then(|rest| rest.strip_prefix(':')) {
        Some(id) => !id.is_empty(),
        None => false,
    }
}

/// Whether a pattern is about an issuer with tenants and names only the beginning of one:
/// `jwt:corp:ali*` would match tenants that begin like that, with all their subjects.
fn lacks_tenant(pattern: &str, issuer: &str) -> bool {
    let id = pattern
        .strip_prefix("jwt:")
        .and_then(|rest| rest.strip_prefix(issuer))
        .and_then(|rest| rest.strip_prefix(':'));
    match id {
        Some(id) => id != "*" && !id.contains(':'),
        None => false,
    }
}
