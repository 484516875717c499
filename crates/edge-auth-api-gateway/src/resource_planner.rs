//! The rules of a policy as IAM's resources, as far as these can express them.
//!
//! IAM's `*` crosses slashes. `/orders/{id}` therefore becomes two resources: `/orders/?*` is
//! allowed and `/orders/*/*` is denied. A deny overrides the allows of all rules, so it may forbid
//! what another rule allows. Then there is no plan, and an answer allows only the call itself.

use super::api_type::ApiType;
use super::plan::Plan;
use super::rule_resources::{Overlap, RuleResources};
use edge_auth::route::Route;

/// All rules as resources, and how they overlap each other.
#[derive(Debug)]
pub(super) struct ResourcePlanner {
    pub(super) rules: Vec<RuleResources>,
    /// For each rule, the rules that it overlaps, in their order.
    overlaps: Vec<Vec<(usize, Overlap)>>,
}

impl ResourcePlanner {
    /// Works out everything that depends on the rules alone.
    pub(super) fn new(routes: &[Route]) -> Self {
        let mut rules: Vec<RuleResources> = routes.iter().map(RuleResources::new).collect();
        RuleResources::shorten(&mut rules, routes);
        let mut overlaps = Vec::with_capacity(rules.len());
        for rule in &rules {
            let mut row = Vec::new();
            for (index, other) in rules.iter().enumerate() {
                let overlap = rule.overlap(other);
                if overlap != Overlap::default() {
                    row.push((index, overlap));
                }
            }
            overlaps.push(row);
        }
        Self { rules, overlaps }
    }

    /// Returns what a caller may reach that these rules let pass; `None` if IAM cannot express it.
    pub(super) fn plan(&self, api: ApiType, passes: &[bool]) -> Option<Plan<'_>> {
        let passes = |rule: usize| passes.get(rule).is_some_and(|passes| *passes);
        let mut allowed = Vec::with_capacity(self.rules.len());
        for (rule, resources) in self.rules.iter().enumerate() {
            allowed.push(passes(rule) && resources.inexpressible(api).is_none());
        }
        let is_allowed = |rule: usize| allowed.get(rule).is_some_and(|allowed| *allowed);
        let mut plan = Plan::default();
        for (rule, resources) in self.rules.iter().enumerate() {
            let beside = || self.overlaps(rule).filter(|(other, _)| is_allowed(*other));
            if is_allowed(rule) {
                if beside().any(|(_, overlap)| overlap.overmatch) {
                    return None;
                }
                plan.push(rule, resources, true);
            } else if !passes(rule)
                && beside().any(|(other, overlap)| other > rule && overlap.paths)
            {
                // This rule decides first, and refuses.
                let is_expressible = resources.inexpressible(api).is_none();
                let forbids_more = |(other, overlap): (usize, Overlap)| {
                    if other > rule && is_expressible {
                        overlap.overmatch
                    } else {
                        overlap.superset
                    }
                };
                if beside().any(forbids_more) {
                    return None;
                }
                plan.push(rule, resources, false);
            }
        }
        Some(plan)
    }

    /// Returns the rules that a rule overlaps, and how.
    pub(super) fn overlaps(&self, rule: usize) -> impl Iterator<Item = (usize, Overlap)> {
        self.overlaps.get(rule).into_iter().flatten().copied()
    }
}
