//! What a policy holds that IAM's resources cannot say: found before anybody asks.

use super::arn::{MAX_RESOURCE, MethodArn};
use super::authorizer::ApiType;
use super::document::PolicyDocument;
use super::resource_planner::ResourcePlanner;
use super::response::MAX_RESPONSE;
use super::rule_resources::RuleResources;
use crate::policy::{Access, CredentialRef, Policy};

/// What an ARN begins with where the names of region and stage are long.
const LONG_ARN: &str =
    "arn:aws-us-gov:execute-api:ap-southeast-2:123456789012:abcdefghij/production/GET/";
/// What a policy leaves of an answer for the principal and the context.
const REST: usize = 1024;

/// A rule that resources cannot say, so that no answer about it may be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InexpressibleRule {
    /// The rule's name.
    pub rule: String,
    /// Why.
    pub reason: String,
}

impl Policy {
    /// The rules that IAM's resources cannot say for every caller of such an API. An authorizer's
    /// answer about them is good for one call, so nothing of it may be kept.
    pub fn iam_inexpressible(&self, api: ApiType) -> Vec<InexpressibleRule> {
        let planner = ResourcePlanner::new(self.router.routes());
        let name =
            |rule: usize| self.rules.get(rule).map_or_else(String::new, |rule| rule.name.clone());
        let found =
            inexpressible_alone(&planner, api).chain(inexpressible_beside(self, &planner, api));
        let mut inexpressible: Vec<(usize, String)> = found.collect();
        if inexpressible.is_empty() {
            inexpressible.extend(too_large(self, &planner, api));
        }
        inexpressible
            .into_iter()
            .map(|(rule, reason)| InexpressibleRule { rule: name(rule), reason })
            .collect()
    }

    /// The first rule that IAM says by wildcards, for paths as they were sent. They take every
    /// escape or none: none, since the gate refuses some. A percent-encoded path that it lets
    /// through is therefore answered for the one call, and denied by what is kept of other calls.
    pub fn denies_encoded_paths(&self) -> Option<&str> {
        let planner = ResourcePlanner::new(self.router.routes());
        let wild = |resources: &RuleResources| {
            resources.inexpressible(ApiType::Rest).is_none() && resources.has_wildcard()
        };
        let rule = planner.rules.iter().position(wild)?;
        self.rules.get(rule).map(|rule| rule.name.as_str())
    }
}

/// Each rule by itself.
fn inexpressible_alone(
    planner: &ResourcePlanner,
    api: ApiType,
) -> impl Iterator<Item = (usize, String)> {
    let stage = LONG_ARN.len() - "GET/".len();
    let reason = move |resources: &RuleResources| {
        let too_long = || {
            (stage + resources.longest_resource() > MAX_RESOURCE)
                .then(|| format!("its resource would be longer than {MAX_RESOURCE} characters"))
        };
        resources.inexpressible(api).map(str::to_owned).or_else(too_long)
    };
    planner
        .rules
        .iter()
        .enumerate()
        .filter_map(move |(rule, resources)| Some((rule, reason(resources)?)))
}

/// Each rule beside the others.
fn inexpressible_beside(
    policy: &Policy,
    planner: &ResourcePlanner,
    api: ApiType,
) -> Vec<(usize, String)> {
    let count = planner.rules.len();
    let name = |rule: usize| policy.rules.get(rule).map_or("", |rule| &rule.name);
    let public =
        |rule: usize| policy.rules.get(rule).is_some_and(|rule| rule.access == Access::Public);
    let mut inexpressible = Vec::new();
    for (rule, resources) in planner.rules.iter().enumerate() {
        let denies = (rule + 1..count).any(|later| planner.overlap(rule, later).paths);
        for other in (0..count).filter(|other| *other != rule) {
            let overlap = planner.overlap(rule, other);
            let both = resources.inexpressible(api).is_none() && overlap.overmatch;
            let before = !public(rule) && denies && other < rule && overlap.superset;
            if both || before {
                let what = "what would have to be denied beside it is allowed by rule";
                inexpressible
                    .push((rule, format!("{what} `{}`: `*` crosses slashes", name(other))));
            }
        }
    }
    inexpressible
}

/// All that one caller may pass, by each credential that the policy knows, and by none.
fn too_large(policy: &Policy, planner: &ResourcePlanner, api: ApiType) -> Option<(usize, String)> {
    let arn = MethodArn::parse(LONG_ARN)?;
    let mut known: Vec<Option<CredentialRef>> = vec![None];
    known
        .extend(policy.rules.iter().flat_map(|rule| rule.access.named()).map(|named| Some(*named)));
    known.sort_unstable();
    known.dedup();
    known.into_iter().find_map(|named| {
        let passes: Vec<bool> = policy.rules.iter().map(|rule| lets_in(&rule.access, named)).collect();
        let document = PolicyDocument::of_lists(arn, planner.plan(api, &passes)?)?;
        let bytes = serde_json::to_vec(&document).ok()?.len() + REST;
        let whose = named.map_or_else(|| "nobody in particular".to_owned(), |named| policy.name_of(&named));
        let reason = || format!("with it, the answer to {whose} may be of {bytes} bytes, and API Gateway takes {MAX_RESPONSE} (8 KiB)");
        let last = passes.iter().rposition(|passes| *passes)?;
        (bytes > MAX_RESPONSE).then(|| (last, reason()))
    })
}

/// Whether a rule may let somebody in as a principal of this kind.
fn lets_in(access: &Access, named: Option<CredentialRef>) -> bool {
    match (access, named) {
        (Access::Public, _) => true,
        (_, None) => false,
        (Access::Any(all), Some(named)) => all.contains(&named),
        // The first is the principal.
        (Access::All(all), Some(named)) => all.first() == Some(&named),
    }
}
