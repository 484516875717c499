//! The rules of a policy that IAM's resources cannot express, for `aws lint`.

use super::api_type::ApiType;
use super::arn::{MAX_RESOURCE_CHARS, MethodArn};
use super::resource_planner::ResourcePlanner;
use super::response::MAX_RESPONSE_BYTES;
use super::rule_resources::RuleResources;
use edge_auth::policy::{Access, CredentialRef, Policy};

/// The beginning of an ARN with long names of region and stage.
const LONG_ARN: &str =
    "arn:aws-us-gov:execute-api:ap-southeast-2:123456789012:abcdefghij/production/GET/";
/// The bytes of an answer that the principal and the context may need.
const REST: usize = 1024;

/// A rule that IAM's resources cannot express, so that answers about it must not be cached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InexpressibleRule {
    /// The rule's name.
    pub rule: String,
    /// Why IAM cannot express it.
    pub reason: String,
}

/// Returns the rules that IAM's resources cannot express for every caller of such an API. An
/// authorizer's answer about them is good for one call only, so it must not be cached.
pub fn iam_inexpressible(policy: &Policy, api: ApiType) -> Vec<InexpressibleRule> {
    let planner = ResourcePlanner::new(policy.routes());
    let mut found: Vec<(usize, String)> = inexpressible_alone(&planner, api).collect();
    found.extend(inexpressible_beside(policy, &planner, api));
    if found.is_empty() {
        found.extend(too_large(policy, &planner, api));
    }
    let mut rules = Vec::with_capacity(found.len());
    for (index, reason) in found {
        if let Some(rule) = policy.rules().get(index) {
            rules.push(InexpressibleRule { rule: rule.name.clone(), reason });
        }
    }
    rules
}

/// Returns the first rule that IAM expresses by wildcards, for paths as they were sent. A wildcard
/// matches every percent-encoded character, and the gate refuses some, so the answer denies all of
/// them. An encoded path that the gate lets through is therefore answered for that one call, and
/// denied by the cached answers to other calls.
pub fn denies_encoded_paths(policy: &Policy) -> Option<&str> {
    let planner = ResourcePlanner::new(policy.routes());
    let is_wild = |resources: &RuleResources| {
        resources.inexpressible(ApiType::Rest).is_none() && resources.has_wildcard()
    };
    let index = planner.rules.iter().position(is_wild)?;
    Some(&policy.rules().get(index)?.name)
}

/// Finds rules that cannot be expressed by themselves.
fn inexpressible_alone(
    planner: &ResourcePlanner,
    api: ApiType,
) -> impl Iterator<Item = (usize, String)> {
    let rules = planner.rules.iter().enumerate();
    rules.filter_map(move |(rule, resources)| Some((rule, reason_alone(resources, api)?)))
}

fn reason_alone(resources: &RuleResources, api: ApiType) -> Option<String> {
    if let Some(reason) = resources.inexpressible(api) {
        return Some(reason.to_owned());
    }
    let stage = LONG_ARN.len() - "GET/".len();
    let is_too_long = stage + resources.longest_resource() > MAX_RESOURCE_CHARS;
    is_too_long
        .then(|| format!("its resource would be longer than {MAX_RESOURCE_CHARS} characters"))
}

/// Finds rules that cannot be expressed beside the others.
fn inexpressible_beside(
    policy: &Policy,
    planner: &ResourcePlanner,
    api: ApiType,
) -> Vec<(usize, String)> {
    let mut inexpressible = Vec::new();
    for (index, (resources, rule)) in planner.rules.iter().zip(policy.rules()).enumerate() {
        let mut later = planner.overlaps(index).filter(|(other, _)| *other > index);
        let is_denied = rule.access != Access::Public && later.any(|(_, overlap)| overlap.paths);
        for (other, overlap) in planner.overlaps(index).filter(|(other, _)| *other != index) {
            let both = resources.inexpressible(api).is_none() && overlap.overmatch;
            let before = is_denied && other < index && overlap.superset;
            if (both || before)
                && let Some(other_rule) = policy.rules().get(other)
            {
                let name = &other_rule.name;
                let reason = format!(
                    "rule `{name}` allows paths that would have to be denied beside it: `*` crosses slashes"
                );
                inexpressible.push((index, reason));
            }
        }
    }
    inexpressible
}

/// Finds a rule with which the answer to some caller is too large: a caller with one of the
/// policy's credentials, or without any.
fn too_large(policy: &Policy, planner: &ResourcePlanner, api: ApiType) -> Option<(usize, String)> {
    let arn = MethodArn::parse(LONG_ARN)?;
    let mut known: Vec<Option<CredentialRef>> = vec![None];
    known.extend(
        policy.rules().iter().flat_map(|rule| rule.access.named()).map(|named| Some(*named)),
    );
    known.sort_unstable();
    known.dedup();
    for named in known {
        let passes: Vec<bool> =
            policy.rules().iter().map(|rule| lets_in(&rule.access, named)).collect();
        let Some(plan) = planner.plan(api, &passes) else { continue };
        // The first rule with which the document is too large.
        let limit = MAX_RESPONSE_BYTES - REST;
        let Some((first, _)) = plan.sizes(arn).find(|(_, bytes)| *bytes > limit) else { continue };
        let whose = match named {
            Some(named) => policy.name_of(&named),
            None => "a caller without credentials".to_owned(),
        };
        let reason = format!(
            "with it and the rules before it, the answer to {whose} may be too large: API Gateway takes at most \
             {MAX_RESPONSE_BYTES} bytes, and all {} rules of the answer make {} bytes",
            plan.len(),
            plan.json_bytes(arn) + REST
        );
        return Some((first, reason));
    }
    None
}

/// Returns whether a rule may let in a principal of this kind.
fn lets_in(access: &Access, named: Option<CredentialRef>) -> bool {
    match (access, named) {
        (Access::Public, _) => true,
        (_, None) => false,
        (Access::Any(all), Some(named)) => all.contains(&named),
        // The first credential is the principal.
        (Access::All(all), Some(named)) => all.first() == Some(&named),
    }
}
