//! The decision of every rule about one caller, for hosts whose answers are cached for the caller's
//! next requests.

use std::sync::Arc;

use super::admission::{check_principal, check_when};
use super::context::DecisionContext;
use super::outcome::{Decision, Outcome};
use super::verification::Verification;
use super::verifiers::Verifiers;
use super::wanted::{has_token_cookie, wanted};
use crate::denial::Denial;
use crate::platform::Platform;
use crate::policy::{Access, Rule};
use crate::principal::Principal;

/// The decision of a rule about a caller.
pub enum RuleAccess {
    /// The caller may not pass.
    Refused,
    /// Everybody may pass.
    Public,
    /// The caller may pass, as this principal.
    As(Arc<Principal>),
}

/// Returns for each rule the principal as which the request's credentials would pass it, whatever
/// the rule of `verification` is. Does not verify again what was verified for `decided`, the
/// outcome of the request itself.
///
/// # Errors
/// An outage of the host. The first one ends it, so that the request waits for it only once.
pub(super) async fn rule_access<P: Platform>(
    verifiers: &Verifiers,
    verification: &Verification<'_, P>,
    decided: &Outcome,
) -> Result<Vec<RuleAccess>, Denial> {
    let Verification { policy, revocations, request, now, .. } = *verification;
    // One context for all rules: it remembers which records the store does not have.
    let mut context = DecisionContext::default();
    context.waited = decided.waited;
    // Many rules ask for the same credentials.
    let mut verified: Vec<(&Rule, Option<Arc<Principal>>)> = Vec::new();
    if let Some(rule) = decided.rule.and_then(|index| policy.rules.get(index))
        && let Decision::Allow(grant) = &decided.decision
        && let Some(principal) = &grant.principal
    {
        verified.push((rule, Some(Arc::clone(principal))));
    }
    let mut access = Vec::with_capacity(policy.rules.len());
    for (rule, route) in policy.rules.iter().zip(policy.router.routes()) {
        if check_when(rule, request, &mut context).is_err() {
            access.push(RuleAccess::Refused);
            continue;
        }
        if rule.access == Access::Public {
            access.push(RuleAccess::Public);
            continue;
        }
        // The answer is cached, and would let in requests that pages of other sites send.
        if !route.methods.are_safe() && has_token_cookie(policy, rule, request.headers) {
            access.push(RuleAccess::Refused);
            continue;
        }
        let known = verified.iter().find(|(other, _)| verify_alike(other, rule));
        let principal = match known {
            Some((_, principal)) => principal.clone(),
            None => {
                let wanted = wanted(policy, &rule.access);
                let verification = verification.for_rule(rule, &wanted);
                let principal = match verifiers.verify(&verification, &mut context).await {
                    Ok(principal) => Some(principal),
                    Err(denial) if denial.code.is_outage() => return Err(denial),
                    Err(_) => None,
                };
                verified.push((rule, principal.clone()));
                principal
            }
        };
        access.push(match principal {
            Some(principal) if check_principal(rule, &principal, &mut context).is_ok() => {
                RuleAccess::As(principal)
            }
            Some(_) | None => RuleAccess::Refused,
        });
    }
    revocations.ensure_still_fresh(now, &mut context)?;
    Ok(access)
}

/// Returns whether the verification of a request's credentials is the same for both rules.
fn verify_alike(one: &Rule, other: &Rule) -> bool {
    one.access == other.access
        && one.certificate_bound == other.certificate_bound
        && one.claims == other.claims
        && one.cors.is_none()
        && other.cors.is_none()
}
