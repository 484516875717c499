//! Patterns of principal ids: the `subjects` of a rule.

use super::compiler::{Compiler, Field};

/// A pattern: `jwt:corp:alice`, or `key:partners:*` with a `*` at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SubjectPattern {
    Exactly(String),
    BeginsWith(String),
}

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
            let of_principal = |credential: &&&str| {
                let rest =
                    pattern.strip_prefix(**credential).and_then(|rest| rest.strip_prefix(':'));
                rest.is_some_and(|rest| !rest.is_empty())
            };
            if !principals.iter().any(|credential| of_principal(&credential)) {
                let message = format!(
                    "`{pattern}`: write whom the rule's `require` can let in, as in \"{}:ID\", with a `*` at the \
                     end for all that begin alike",
                    principals.first().unwrap_or(&"jwt:NAME")
                );
                compiler.error(at.clone(), &message);
                continue;
            }
            // `jwt:corp:ali*` would be a tenant that begins like that, and all its subjects.
            let lacks_tenant = |issuer: &String| {
                let rest = pattern
                    .strip_prefix("jwt:")
                    .and_then(|rest| rest.strip_prefix(issuer.as_str()));
                let rest = rest.and_then(|rest| rest.strip_prefix(':'));
                rest.is_some_and(|rest| rest != "*" && !rest.contains(':'))
            };
            if let Some(issuer) = with_tenants.iter().find(|issuer| lacks_tenant(issuer)) {
                let message =
                    format!("`{pattern}`: say of which tenant, as in \"jwt:{issuer}:TENANT:ID\"");
                compiler.error(at.clone(), &message);
                continue;
            }
            let (text, is_prefix) = match pattern.strip_suffix('*') {
                Some(prefix) => (prefix, true),
                None => (pattern.as_str(), false),
            };
            if text.contains('*') {
                compiler.error(at.clone(), &format!("`{pattern}`: a `*` stands at the end only"));
            } else if is_prefix {
                compiled.push(Self::BeginsWith(text.to_owned()));
            } else {
                compiled.push(Self::Exactly(text.to_owned()));
            }
        }
        compiled
    }

    /// Whether the pattern matches a principal's id.
    pub(crate) fn matches(&self, id: &str) -> bool {
        match self {
            Self::Exactly(own) => own == id,
            Self::BeginsWith(prefix) => id.starts_with(prefix.as_str()),
        }
    }
}
