//! What an operator should change in a policy, though the gate is right without it.

use super::public_issuer::PublicIssuer;
use crate::policy::claim_rule::{ClaimRule, ClaimValue};
use crate::policy::{Issuer, Policy};

impl Policy {
    /// Returns what an operator should change in the policy, one sentence each, though the gate is
    /// right without it.
    pub fn advice(&self) -> Vec<String> {
        let issuers = self.issuers.iter().flat_map(Issuer::advice);
        issuers.chain(self.rules_without_tenants()).collect()
    }
}

impl Issuer {
    /// Returns what an operator should change in this block, though the gate is right without it.
    fn advice(&self) -> Vec<String> {
        let mut advice: Vec<String> = self.github_pins_without_ids().map(|pin| {
            format!(
                "issuer `{}`: `sub` is pinned as \"{pin}\", without ids. Repositories made or renamed since July \
                 2026 have immutable ids in their subjects (`repo:octo@1/app@2:…`), and their tokens are refused: \
                 pin that form, too, or `repository_id`",
                self.name
            )
        }).collect();
        if self.mixes_subjects {
            advice.push(format!(
                "issuer `{0}`: `subject_claim` lists several claims: a value that one token has in one of them and \
                 another token in another is one principal (`jwt:{0}:VALUE`). Make sure that no client's id is a \
                 user's `sub`, or give each kind of token a separate block, told apart by `claims`",
                self.name
            ));
        }
        advice
    }

    /// Returns the subjects of repositories that the policy pins as they were before they had ids.
    fn github_pins_without_ids(&self) -> impl Iterator<Item = &str> {
        let is_github =
            PublicIssuer::of(&self.validation.issuer) == Some(PublicIssuer::GithubActions);
        let pins = self.claims.iter().filter_map(move |rule| match rule {
            ClaimRule::Is { claim, wanted } if is_github && claim.steps() == ["sub"] => {
                Some(wanted.values())
            }
            ClaimRule::Is { .. } | ClaimRule::AnyPresent { .. } => None,
        });
        pins.flatten().filter_map(|value| match value {
            ClaimValue::Text(text) if is_github_subject_without_ids(text) => Some(text.as_str()),
            ClaimValue::Text(_) | ClaimValue::Boolean(_) | ClaimValue::Integer(_) => None,
        })
    }
}

/// Whether a text is a GitHub subject that names a repository without its ids.
fn is_github_subject_without_ids(subject: &str) -> bool {
    let repository = subject.strip_prefix("repo:").and_then(|rest| rest.split(':').next());
    repository.is_some_and(|repository| !repository.contains('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_of_a_repository_has_ids_or_not() {
        assert!(is_github_subject_without_ids("repo:octo/app:ref:refs/heads/main"));
        assert!(!is_github_subject_without_ids("repo:octo@1/app@2:ref:refs/heads/main"));
        assert!(!is_github_subject_without_ids("repository_owner:octo"));
    }
}
