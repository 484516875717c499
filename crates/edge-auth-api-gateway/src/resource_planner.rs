//! The rules of a policy as IAM's resources, as far as these can express them.
//!
//! IAM's `*` crosses slashes. `/orders/{id}` therefore becomes two resources: `/orders/?*` is
//! allowed and `/orders/*/*` is denied. A deny overrides the allows of all rules, so it may forbid
//! what another rule allows. Then there is no plan, and an answer allows only the call itself.

use std::sync::OnceLock;

use super::api_type::ApiType;
use super::resource_lists::ResourceLists;
use super::rule_resources::{Overlap, RuleResources};
use edge_auth::route::Route;

/// All rules as resources, and how they overlap each other.
#[derive(Debug)]
pub(super) struct ResourcePlanner {
    pub(super) rules: Vec<RuleResources>,
    /// For each rule, how it overlaps every rule; computed when it is needed first.
    overlaps: Vec<OnceLock<Vec<Overlap>>>,
}

impl ResourcePlanner {
    pub(super) fn new(routes: &[Route]) -> Self {
        let mut rules: Vec<RuleResources> = routes.iter().map(RuleResources::new).collect();
        RuleResources::shorten(&mut rules, routes);
        Self { overlaps: rules.iter().map(|_| OnceLock::new()).collect(), rules }
    }

    /// Returns what a caller may reach that these rules let pass; `None` if IAM cannot express it.
    pub(super) fn plan(&self, api: ApiType, passes: &[bool]) -> Option<ResourceLists> {
        let passes = |rule: usize| passes.get(rule).is_some_and(|passes| *passes);
        let expressible = |rule: usize| {
            self.rules.get(rule).is_some_and(|resources| resources.inexpressible(api).is_none())
        };
        let allowed: Vec<usize> =
            (0..self.rules.len()).filter(|rule| passes(*rule) && expressible(*rule)).collect();
        let mut lists = ResourceLists::default();
        for (rule, resources) in self.rules.iter().enumerate() {
            let with = |other: usize| self.overlap(rule, other);
            if allowed.binary_search(&rule).is_ok() {
                if allowed.iter().any(|other| with(*other).overmatch) {
                    return None;
                }
                resources.allow(&mut lists);
            } else if !passes(rule)
                && allowed.iter().any(|other| *other > rule && with(*other).paths)
            {
                // This rule decides first, and refuses.
                let forbids_more =
                    |other: &usize| match *other > rule && resources.inexpressible(api).is_none() {
                        true => with(*other).overmatch,
                        false => with(*other).superset,
                    };
                if allowed.iter().any(forbids_more) {
                    return None;
                }
                resources.deny(&mut lists);
            }
        }
        Some(lists)
    }

    /// Returns how the paths of a rule overlap those of another.
    pub(super) fn overlap(&self, rule: usize, other: usize) -> Overlap {
        let (Some(row), Some(resources)) = (self.overlaps.get(rule), self.rules.get(rule)) else {
            return Overlap::default();
        };
        let row =
            row.get_or_init(|| self.rules.iter().map(|other| resources.overlap(other)).collect());
        row.get(other).copied().unwrap_or_default()
    }
}
