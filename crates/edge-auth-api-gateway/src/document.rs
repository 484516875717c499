//! The IAM policy in an authorizer's answer. The limits of API Gateway are `MAX_RESOURCE_CHARS` in
//! `arn.rs`, for each resource, and `MAX_RESPONSE_BYTES` in `response.rs`, for the whole answer.

use serde::Serialize;

use super::arn::{MAX_RESOURCE_CHARS, MethodArn};
use super::glob;
use super::resource_lists::{ListSize, ResourceLists, json_bytes};

/// Paths that a wildcard of an allowed resource would match, and that the gate refuses: an upstream
/// could read such a path as another one.
const AMBIGUOUS: [&str; 9] =
    ["*%*", "*;*", "*\\*", "*#*", "*//*", "*/./*", "*/../*", "*/.", "*/.."];

/// The bytes of the quotation marks and the comma of a resource.
const QUOTED: usize = 3;

/// An IAM policy document.
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
    /// Makes the document for everything that a caller may reach on the stage of `arn`. Returns
    /// `None` if that is nothing, or if a resource is too long.
    pub(super) fn of_lists(arn: MethodArn<'_>, lists: ResourceLists) -> Option<Self> {
        let has_wildcard = lists.allow.iter().any(|call| has_wild_path(call));
        let allow: Vec<String> = lists.allow.iter().map(|call| arn.of_stage(call)).collect();
        let mut deny: Vec<String> = lists.deny.iter().map(|call| arn.of_stage(call)).collect();
        if has_wildcard {
            deny.extend(AMBIGUOUS.iter().map(|glob| arn.of_stage(glob)));
        }
        let fits = allow
            .iter()
            .chain(&deny)
            .all(|resource| resource.chars().count() <= MAX_RESOURCE_CHARS);
        (fits && !allow.is_empty())
            .then(|| Self::of([(Effect::Allow, allow), (Effect::Deny, deny)]))
    }

    /// Returns the bytes of the document that [`of_lists`](Self::of_lists) makes for lists of these
    /// sizes.
    pub(super) fn json_bytes(
        arn: MethodArn<'_>,
        allow: ListSize,
        mut deny: ListSize,
        has_wildcard: bool,
    ) -> usize {
        if has_wildcard {
            let bytes = AMBIGUOUS.iter().map(|glob| json_bytes(glob)).sum();
            deny.add(ListSize { resources: AMBIGUOUS.len(), bytes });
        }
        let mut bytes = r#"{"Version":"2012-10-17","Statement":[]}"#.len();
        let mut statements = 0;
        for (list, statement) in [
            (allow, r#"{"Action":"execute-api:Invoke","Effect":"Allow","Resource":[]}"#),
            (deny, r#"{"Action":"execute-api:Invoke","Effect":"Deny","Resource":[]}"#),
        ] {
            if list.resources > 0 {
                statements += 1;
                bytes += statement.len() + list.bytes;
                // The last resource has no comma.
                bytes += list.resources * (arn.stage_bytes() + QUOTED) - 1;
            }
        }
        bytes + usize::from(statements > 1)
    }

    /// Makes the document that allows exactly this call, if IAM can express it.
    pub(super) fn only(arn: MethodArn<'_>) -> Option<Self> {
        arn.exactly().map(|resource| Self::of([(Effect::Allow, vec![resource])]))
    }

    /// Makes the document that denies everything: on this stage, or everywhere without an ARN.
    pub(super) fn nothing(arn: Option<MethodArn<'_>>) -> Self {
        let everything = arn.map_or_else(|| "*".to_owned(), |arn| arn.of_stage("*"));
        Self::of([(Effect::Deny, vec![everything])])
    }

    /// Returns whether IAM allows this call by the document: a deny overrides every allow.
    pub(super) fn allows(&self, arn: &str) -> bool {
        let mut is_allowed = false;
        for statement in &self.statement {
            if !statement.resource.iter().any(|resource| glob::matches(resource, arn)) {
                continue;
            }
            match statement.effect {
                Effect::Allow => is_allowed = true,
                Effect::Deny => return false,
            }
        }
        is_allowed
    }

    /// Makes the document with a statement for each effect that has resources.
    fn of<const N: usize>(statements: [(Effect, Vec<String>); N]) -> Self {
        let mut statement = Vec::with_capacity(N);
        for (effect, resource) in statements {
            if !resource.is_empty() {
                statement.push(Statement { action: "execute-api:Invoke", effect, resource });
            }
        }
        Self { version: "2012-10-17", statement }
    }
}

/// Returns whether the path of a resource has a wildcard.
fn has_wild_path(call: &str) -> bool {
    call.split_once('/').is_some_and(|(_, path)| path.contains('*'))
}
