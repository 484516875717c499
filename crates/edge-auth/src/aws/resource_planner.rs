//! The rules of a policy in the language of IAM's resources, as far as that can say them.
//!
//! IAM's `*` crosses slashes. `/orders/{id}` is therefore said in two: `/orders/?*` is allowed and
//! `/orders/*/*` is denied. A deny binds every rule, so it may forbid what another rule allows;
//! then it cannot be said, and nothing but the very call is.

use std::sync::OnceLock;

use super::authorizer::ApiType;
use super::rule_resources::{Overlap, RuleResources};
use crate::route::Route;

/// All rules, and how they overlap each other.
#[derive(Debug)]
pub(crate) struct ResourcePlanner {
    pub(super) rules: Vec<RuleResources>,
    /// For each rule, how it overlaps each: computed for the first caller who needs it.
    overlaps: Vec<OnceLock<Vec<Overlap>>>,
}

/// What somebody may reach: methods and globs.
#[derive(Debug, Default)]
pub(super) struct ResourceLists {
    pub allow: Vec<String>,
    pub deny: Vec<String>,
}

impl ResourcePlanner {
    pub(crate) fn new(routes: &[Route]) -> Self {
        let mut rules: Vec<RuleResources> = routes.iter().map(RuleResources::new).collect();
        RuleResources::shorten(&mut rules, routes);
        Self { overlaps: rules.iter().map(|_| OnceLock::new()).collect(), rules }
    }

    /// What may be reached on such an API by somebody whom these rules let through; `None` if that
    /// cannot be said.
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
                // It decides first, and says no.
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

    pub(super) fn overlap(&self, rule: usize, other: usize) -> Overlap {
        let overlaps_of =
            |one: &RuleResources| self.rules.iter().map(|other| one.overlap(other)).collect();
        let row = self
            .overlaps
            .get(rule)
            .zip(self.rules.get(rule))
            .map(|(row, one)| row.get_or_init(|| overlaps_of(one)));
        row.and_then(|row| row.get(other)).copied().unwrap_or_default()
    }
}
