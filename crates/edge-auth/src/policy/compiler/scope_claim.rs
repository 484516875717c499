//! `scope_claim` of an `[[issuer]]`.

use edge_auth_token::ClaimPath;

use super::mistakes::{Compiler, Field};
use super::schema::ScopeClaimSource;
use crate::policy::scope_claim::ScopeClaim;

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
}

fn is_split_by_default(name: &str) -> bool {
    matches!(name, "scope" | "scp")
}
