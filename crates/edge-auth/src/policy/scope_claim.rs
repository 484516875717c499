//! Reads a token's scopes from its claims.

use std::collections::BTreeSet;

use edge_auth_token::{ClaimPath, Claims};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::compiler::{Compiler, Field};
use super::schema::ScopeClaimSource;

/// A claim that carries scopes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct ScopeClaim {
    pub claim: ClaimPath,
    /// Text is a list with spaces between its scopes. Else it is one scope: a role "Report Admin"
    /// is not the role `Admin`.
    pub split: bool,
}

impl ScopeClaim {
    /// Makes the claim of this plain name: text is split only in `scope` (RFC 6749, section 3.3)
    /// and `scp`.
    pub(super) fn name(name: &str) -> Self {
        Self { claim: ClaimPath::name(name), split: is_split_by_default(name) }
    }

    /// Compiles what a policy says, and reports mistakes at `at`.
    pub(super) fn compile(
        compiler: &mut Compiler<'_>,
        at: &Field,
        source: Vec<ScopeClaimSource>,
    ) -> Vec<Self> {
        let mut claims = Vec::with_capacity(source.len());
        for ScopeClaimSource { claim: name, split } in source {
            match ClaimPath::parse(&name) {
                Ok(claim) => {
                    let last = claim.steps().pop().unwrap_or_default().to_owned();
                    let split = split.unwrap_or_else(|| is_split_by_default(&last));
                    claims.push(Self { claim, split });
                }
                Err(error) => compiler.error(at.clone(), &format!("`{name}` {error}")),
            }
        }
        claims
    }

    /// Adds the scopes that a token has in this claim. An element of a list is one scope as it
    /// stands; an object gives the names of its members.
    ///
    /// # Errors
    /// What the claim is, if it is none of these.
    pub(crate) fn read(
        &self,
        claims: &Claims,
        scopes: &mut BTreeSet<String>,
    ) -> Result<(), String> {
        let ill_typed =
            || format!("`{}` is neither text, nor a list of text, nor an object", self.claim);
        match claims.find(&self.claim) {
            None => {}
            Some(Value::String(text)) if self.split => {
                scopes.extend(text.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned));
            }
            Some(Value::String(text)) => {
                scopes.extend(Some(text).filter(|text| !text.is_empty()).cloned());
            }
            Some(Value::Array(items)) => {
                for item in items.iter().filter(|item| !item.is_null()) {
                    scopes.insert(item.as_str().ok_or_else(ill_typed)?.to_owned());
                }
            }
            Some(Value::Object(members)) => {
                let there = members.iter().filter(|(_, value)| !value.is_null());
                scopes.extend(there.map(|(name, _)| name.clone()));
            }
            Some(Value::Null | Value::Bool(_) | Value::Number(_)) => return Err(ill_typed()),
        }
        Ok(())
    }
}

fn is_split_by_default(name: &str) -> bool {
    matches!(name, "scope" | "scp")
}
