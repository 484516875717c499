//! The IAM policy that an authorizer answers with.

use serde::Serialize;

use super::arn::{MAX_RESOURCE, MethodArn};
use super::glob;
use super::resource_planner::ResourceLists;

/// What no path that the gate lets through has, if it is plain. A wildcard would allow it: an
/// upstream could take such a path for another one.
const AMBIGUOUS: [&str; 9] =
    ["*%*", "*;*", "*\\*", "*#*", "*//*", "*/./*", "*/../*", "*/.", "*/.."];

/// A policy document of IAM's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PolicyDocument {
    version: &'static str,
    statement: Vec<Statement>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    action: &'static str,
    effect: Effect,
    resource: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
enum Effect {
    Allow,
    Deny,
}

impl PolicyDocument {
    /// All that may be reached on the stage of `arn`; `None` if that cannot be said.
    pub(super) fn of_lists(arn: MethodArn<'_>, lists: ResourceLists) -> Option<Self> {
        let said = |calls: Vec<String>| {
            calls.into_iter().map(|call| arn.of_stage(call)).collect::<Vec<_>>()
        };
        let is_wild =
            |call: &String| call.split_once('/').is_some_and(|(_, path)| path.contains('*'));
        let wild = lists.allow.iter().any(is_wild);
        let ambiguous = AMBIGUOUS.iter().filter(|_| wild).map(|glob| arn.of_stage(glob));
        let allow = said(lists.allow);
        let deny: Vec<String> = said(lists.deny).into_iter().chain(ambiguous).collect();
        let fits =
            allow.iter().chain(&deny).all(|resource| resource.chars().count() <= MAX_RESOURCE);
        (fits && !allow.is_empty())
            .then(|| Self::of([(Effect::Allow, allow), (Effect::Deny, deny)]))
    }

    /// This very call, if it can be said.
    pub(super) fn only(arn: MethodArn<'_>) -> Option<Self> {
        arn.exactly().map(|resource| Self::of([(Effect::Allow, vec![resource])]))
    }

    /// Nothing, on this stage or, if none can be read, anywhere.
    pub(super) fn nothing(arn: Option<MethodArn<'_>>) -> Self {
        let everything = arn.map_or_else(|| "*".to_owned(), |arn| arn.of_stage("*"));
        Self::of([(Effect::Deny, vec![everything])])
    }

    /// Whether it lets this call through, as IAM reads it: a deny counts more than any allow.
    pub(super) fn allows(&self, arn: &str) -> bool {
        let says = |effect: Effect| {
            let mut statements =
                self.statement.iter().filter(|statement| statement.effect == effect);
            statements.any(|one| one.resource.iter().any(|resource| glob::matches(resource, arn)))
        };
        says(Effect::Allow) && !says(Effect::Deny)
    }

    fn of<const N: usize>(statements: [(Effect, Vec<String>); N]) -> Self {
        let stated = statements.into_iter().filter(|(_, resource)| !resource.is_empty());
        let statement =
            |(effect, resource)| Statement { action: "execute-api:Invoke", effect, resource };
        Self { version: "2012-10-17", statement: stated.map(statement).collect() }
    }
}
