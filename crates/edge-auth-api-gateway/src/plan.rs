//! The rules whose resources a caller's IAM policy lists, and the size that it will have.

use super::arn::MethodArn;
use super::document::PolicyDocument;
use super::resource_lists::{ListSize, ResourceLists};
use super::rule_resources::RuleResources;

/// What a caller may reach: the rules that let it pass, and those that refuse it before them.
#[derive(Debug, Default)]
pub(super) struct Plan<'p> {
    /// In the order of the rules.
    rules: Vec<PlannedRule<'p>>,
}

#[derive(Debug)]
struct PlannedRule<'p> {
    index: usize,
    resources: &'p RuleResources,
    is_allowed: bool,
}

impl<'p> Plan<'p> {
    pub(super) fn push(&mut self, index: usize, resources: &'p RuleResources, is_allowed: bool) {
        self.rules.push(PlannedRule { index, resources, is_allowed });
    }

    /// Returns the resources to allow and to deny.
    pub(super) fn lists(&self) -> ResourceLists {
        let mut lists = ResourceLists::default();
        for PlannedRule { resources, is_allowed, .. } in &self.rules {
            if *is_allowed {
                resources.allow(&mut lists);
            } else {
                resources.deny(&mut lists);
            }
        }
        lists
    }

    /// Returns the number of rules.
    pub(super) fn len(&self) -> usize {
        self.rules.len()
    }

    /// Returns the bytes of the document on this stage.
    pub(super) fn json_bytes(&self, arn: MethodArn<'_>) -> usize {
        self.sizes(arn).last().map_or(0, |(_, bytes)| bytes)
    }

    /// Returns for each rule its index, and the bytes of the document up to it.
    pub(super) fn sizes(&self, arn: MethodArn<'_>) -> impl Iterator<Item = (usize, usize)> {
        let (mut allow, mut deny) = (ListSize::default(), ListSize::default());
        let mut has_wildcard = false;
        self.rules.iter().map(move |rule| {
            if rule.is_allowed {
                rule.resources.add_allowed(&mut allow, &mut deny);
                has_wildcard |= rule.resources.has_wildcard();
            } else {
                rule.resources.add_denied(&mut deny);
            }
            (rule.index, PolicyDocument::json_bytes(arn, allow, deny, has_wildcard))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api_type::ApiType;
    use crate::resource_planner::ResourcePlanner;
    use edge_auth::route::{Methods, PathPattern, Route};

    #[test]
    fn the_size_of_a_document_is_known_before_it_is_made() {
        let arn = "arn:aws:execute-api:eu-west-1:123456789012:abcdef123/prod/GET/";
        let arn = MethodArn::parse(arn).unwrap();
        let get = || Methods::listed(["GET"]).unwrap();
        let route =
            |path, methods| Route { host: None, path: PathPattern::parse(path).unwrap(), methods };
        let routes = [
            route("/orders", get()),
            route("/orders/\"quoted\"", Methods::all()),
            route("/orders/{id}/items/{item}", get()),
            route("/files/{*rest}", Methods::all()),
        ];
        let planner = ResourcePlanner::new(&routes);
        for chosen in 1..16 {
            let passes: Vec<bool> = (0..4).map(|rule| chosen & (1 << rule) != 0).collect();
            let plan = planner.plan(ApiType::Rest, &passes).unwrap();
            let document = PolicyDocument::of_lists(arn, plan.lists()).unwrap();
            let json = serde_json::to_vec(&document).unwrap();
            assert_eq!(plan.json_bytes(arn), json.len(), "{document:?}");
        }
    }
}
