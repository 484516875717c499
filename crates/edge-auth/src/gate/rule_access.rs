//! What every rule would say to one caller: for hosts whose answers are kept for the caller's next
//! calls.

use std::sync::Arc;

use edge_auth_token::Timestamp;

use super::Gate;
use super::admission::{self, is_subject_of};
use super::outcome::{Decision, DecisionContext, Outcome};
use crate::denial::Denial;
use crate::platform::Platform;
use crate::policy::{Access, Rule};
use crate::principal::Principal;
use crate::request::AuthRequest;

/// What a rule would say to some credentials.
pub(crate) enum RuleAccess {
    Refused,
    Public,
    As(Arc<Principal>),
}

impl<P: Platform> Gate<P> {
    /// For each rule, as whom these credentials would pass it. An error is trouble of the host's:
    /// the first ends it, so that an outage is waited for once. What was decided about them already
    /// is not asked again.
    pub(crate) async fn rule_access(
        &self,
        request: &AuthRequest<'_>,
        decided: &Outcome,
        now: Timestamp,
    ) -> Result<Vec<RuleAccess>, Denial> {
        let mut rule_access = Vec::with_capacity(self.policy.rules.len());
        // One for all rules: it remembers what the store does not have.
        let mut context = DecisionContext::new(request);
        context.waited = decided.waited;
        // Many rules ask for the same.
        let mut asked: Vec<(&Rule, Option<Arc<Principal>>)> = Vec::new();
        if let (Some(rule), Decision::Allow(grant)) = (self.rule_of(decided), &decided.decision)
            && let Some(principal) = &grant.principal
        {
            asked.push((rule, Some(Arc::new(principal.clone()))));
        }
        for (rule, route) in self.policy.rules.iter().zip(self.policy.router.routes()) {
            if admission::check_when(rule, request, &mut context).is_err() {
                rule_access.push(RuleAccess::Refused);
                continue;
            }
            if rule.access == Access::Public {
                rule_access.push(RuleAccess::Public);
                continue;
            }
            // An answer is kept for requests that other sites may send.
            if !route.methods.are_safe() && self.is_by_cookie(rule, request.headers) {
                rule_access.push(RuleAccess::Refused);
                continue;
            }
            let alike = |(other, _): &&(&Rule, _)| {
                other.access == rule.access
                    && other.certificate_bound == rule.certificate_bound
                    && other.claims == rule.claims
                    && other.cors.is_none()
                    && rule.cors.is_none()
            };
            let principal = match asked.iter().find(alike) {
                Some((_, principal)) => principal.clone(),
                None => {
                    let found =
                        match self.verify(rule, &rule.access, request, now, &mut context).await {
                            Ok(principal) => Some(Arc::new(principal)),
                            Err(denial) if denial.code.is_outage() => return Err(denial),
                            Err(_) => None,
                        };
                    asked.push((rule, found.clone()));
                    found
                }
            };
            let passed = principal.filter(|principal| {
                rule.scopes.met_by(&principal.scopes) && is_subject_of(rule, principal)
            });
            rule_access.push(passed.map_or(RuleAccess::Refused, RuleAccess::As));
        }
        self.still_know_revocations(now, &mut context)?;
        Ok(rule_access)
    }
}
