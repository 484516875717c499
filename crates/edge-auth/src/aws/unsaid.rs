//! What a policy holds that IAM's resources cannot say: found before anybody asks.

use super::answer::MAX_ANSWER;
use super::arn::{MAX_RESOURCE, MethodArn};
use super::authorizer::Api;
use super::document::PolicyDocument;
use super::ground::Ground;
use super::place::Place;
use crate::policy::{Access, Named, Policy};

/// What an ARN begins with where the names of region and stage are long.
const LONG_ARN: &str = "arn:aws-us-gov:execute-api:ap-southeast-2:123456789012:abcdefghij/production/GET/";
/// What a policy leaves of an answer for the principal and the context.
const REST: usize = 1024;

/// A rule that resources cannot say, so that no answer about it may be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsaid {
    /// The rule's name.
    pub rule: String,
    /// Why.
    pub why: String,
}

impl Policy {
    /// The rules that IAM's resources cannot say for every caller of such an API. An authorizer's answer
    /// about them is good for one call, so nothing of it may be kept.
    pub fn unsaid_by_iam(&self, api: Api) -> Vec<Unsaid> {
        let ground = Ground::new(self.router.routes());
        let name = |rule: usize| self.rules.get(rule).map_or_else(String::new, |rule| rule.name.clone());
        let found = unsaid_alone(&ground, api).chain(unsaid_beside(self, &ground, api));
        let mut unsaid: Vec<(usize, String)> = found.collect();
        if unsaid.is_empty() {
            unsaid.extend(too_large(self, &ground, api));
        }
        unsaid.into_iter().map(|(rule, why)| Unsaid { rule: name(rule), why }).collect()
    }

    /// The first rule that IAM says by wildcards, for paths as they were sent. They take every escape or
    /// none: none, since the gate refuses some. A percent-encoded path that it lets through is therefore
    /// answered for the one call, and denied by what is kept of other calls.
    pub fn bars_escapes(&self) -> Option<&str> {
        let ground = Ground::new(self.router.routes());
        let wild = |place: &Place| place.unsaid(Api::Rest).is_none() && place.is_wild();
        let rule = ground.places.iter().position(wild)?;
        self.rules.get(rule).map(|rule| rule.name.as_str())
    }
}

/// Each rule by itself.
fn unsaid_alone(ground: &Ground, api: Api) -> impl Iterator<Item = (usize, String)> {
    let stage = LONG_ARN.len() - "GET/".len();
    let why = move |place: &Place| {
        let too_long = || {
            (stage + place.longest() > MAX_RESOURCE)
                .then(|| format!("its resource would be longer than {MAX_RESOURCE} characters"))
        };
        place.unsaid(api).map(str::to_owned).or_else(too_long)
    };
    ground.places.iter().enumerate().filter_map(move |(rule, place)| Some((rule, why(place)?)))
}

/// Each rule beside the others.
fn unsaid_beside(policy: &Policy, ground: &Ground, api: Api) -> Vec<(usize, String)> {
    let count = ground.places.len();
    let name = |rule: usize| policy.rules.get(rule).map_or("", |rule| &rule.name);
    let public = |rule: usize| policy.rules.get(rule).is_some_and(|rule| rule.access == Access::Public);
    let mut unsaid = Vec::new();
    for (rule, place) in ground.places.iter().enumerate() {
        let denies = (rule + 1..count).any(|later| ground.meeting(rule, later).overlap);
        for other in (0..count).filter(|other| *other != rule) {
            let meeting = ground.meeting(rule, other);
            let both = place.unsaid(api).is_none() && meeting.beyond;
            let before = !public(rule) && denies && other < rule && meeting.cover;
            if both || before {
                let what = "what would have to be denied beside it is allowed by rule";
                unsaid.push((rule, format!("{what} `{}`: `*` crosses slashes", name(other))));
            }
        }
    }
    unsaid
}

/// All that one caller may pass, by each credential that the policy knows, and by none.
fn too_large(policy: &Policy, ground: &Ground, api: Api) -> Option<(usize, String)> {
    let arn = MethodArn::parse(LONG_ARN)?;
    let mut known: Vec<Option<Named>> = vec![None];
    known.extend(policy.rules.iter().flat_map(|rule| rule.access.named()).map(|named| Some(*named)));
    known.sort_unstable();
    known.dedup();
    known.into_iter().find_map(|named| {
        let passes: Vec<bool> = policy.rules.iter().map(|rule| lets_in(&rule.access, named)).collect();
        let document = PolicyDocument::of_reach(arn, ground.reach(api, &passes)?)?;
        let bytes = serde_json::to_vec(&document).ok()?.len() + REST;
        let whose = named.map_or_else(|| "nobody in particular".to_owned(), |named| policy.name_of(&named));
        let why = || format!("with it, the answer to {whose} may be of {bytes} bytes, and API Gateway takes {MAX_ANSWER} (8 KiB)");
        let last = passes.iter().rposition(|passes| *passes)?;
        (bytes > MAX_ANSWER).then(|| (last, why()))
    })
}

/// Whether a rule may let somebody in as a principal of this kind.
fn lets_in(access: &Access, named: Option<Named>) -> bool {
    match (access, named) {
        (Access::Public, _) => true,
        (_, None) => false,
        (Access::Any(all), Some(named)) => all.contains(&named),
        // The first is the principal.
        (Access::All(all), Some(named)) => all.first() == Some(&named),
    }
}
