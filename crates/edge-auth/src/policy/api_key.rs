//! `[[api_key]]`.

use super::compiler::{Compiler, Field};
use super::schema;
use crate::api_key::{ImportedFormat, KeyFormat, ProfileError};

/// One `[[api_key]]`: the shape of its keys, and the names of its peppers.
#[derive(Debug, Clone)]
pub(crate) struct ApiKeyPolicy {
    pub name: String,
    pub kind: ApiKeyKind,
    /// The line of `pepper` in the policy.
    pub line: Option<usize>,
    pub current: String,
    pub previous: Vec<String>,
    pub retired: Vec<String>,
}

/// Keys of our own making, or hashes of another system's keys.
#[derive(Debug, Clone)]
pub(crate) enum ApiKeyKind {
    Native(KeyFormat),
    Imported(ImportedFormat),
}

pub(super) fn api_key(
    compiler: &mut Compiler<'_>,
    index: usize,
    source: schema::ApiKeyTable,
) -> Option<ApiKeyPolicy> {
    let at = |field: &'static str| Field::of("api_key", index, field);
    compiler.name(at("name"), &source.name);
    let kind = match source.imported {
        Some(imported) => {
            if source.prefix.is_some() || source.environment.is_some() {
                compiler.error(
                    at("imported"),
                    "keys of another system have no `prefix` and `environment`",
                );
            }
            let format = ImportedFormat::new(imported.hash, imported.prefix.as_deref());
            ApiKeyKind::Imported(
                format.map_err(|error| compiler.error(at("imported"), &error.to_string())).ok()?,
            )
        }
        None => {
            let Some(prefix) = source.prefix else {
                compiler.error(at("prefix"), "is missing: keys look like `prefix_environment_…`");
                return None;
            };
            let environment = source.environment.as_deref().unwrap_or("live");
            let format = KeyFormat::new(&prefix, environment).map_err(|error| {
                let field = if matches!(error, ProfileError::Environment { .. }) {
                    "environment"
                } else {
                    "prefix"
                };
                compiler.error(at(field), &error.to_string());
            });
            ApiKeyKind::Native(format.ok()?)
        }
    };
    let schema::SecretNames { current, previous, retired } = source.pepper;
    let line = compiler.line(&at("pepper"));
    Some(ApiKeyPolicy { name: source.name, kind, line, current, previous, retired })
}

/// Rejects blocks whose keys could be taken for another block's: a key must show its block. Two
/// blocks of imported hashes may look alike, since each text is looked up in both.
pub(super) fn look_different(compiler: &mut Compiler<'_>, blocks: &[(usize, ApiKeyPolicy)]) {
    let lead = |block: &ApiKeyPolicy| match &block.kind {
        ApiKeyKind::Native(format) => Some(format.lead().to_owned()),
        ApiKeyKind::Imported(format) => format.prefix().map(str::to_owned),
    };
    let native = |block: &ApiKeyPolicy| matches!(block.kind, ApiKeyKind::Native(_));
    for (position, (index, block)) in blocks.iter().enumerate() {
        for (other_index, other) in blocks.iter().take(position) {
            let (Some(one), Some(two)) = (lead(block), lead(other)) else { continue };
            let alike = one.starts_with(&two) || two.starts_with(&one);
            if alike && (native(block) || native(other)) {
                let whose = compiler.describe("api_key", Some(*other_index));
                let field = if native(block) { "prefix" } else { "imported" };
                let message = format!("its keys would look like those of {whose}");
                compiler.error(Field::of("api_key", *index, field), &message);
            }
        }
    }
}
