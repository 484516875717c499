//! From a written `[[api_key]]` to one that keys are checked with.

use super::mistakes::{Compiler, Field};
use super::schema;
use crate::api_key::{ImportedFormat, KeyFormat, ProfileError};
use crate::policy::api_key::{ApiKeyKind, ApiKeyPolicy};

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
            ApiKeyKind::Imported(compiler.accept(at("imported"), format)?)
        }
        None => {
            let Some(prefix) = source.prefix else {
                compiler.error(at("prefix"), "is missing: keys look like `prefix_environment_…`");
                return None;
            };
            let environment = source.environment.as_deref().unwrap_or("live");
            match KeyFormat::new(&prefix, environment) {
                Ok(format) => ApiKeyKind::Native(format),
                Err(error) => {
                    let is_environment = matches!(error, ProfileError::Environment { .. });
                    let field = if is_environment { "environment" } else { "prefix" };
                    compiler.error(at(field), &error.to_string());
                    return None;
                }
            }
        }
    };
    let schema::SecretNames { current, previous, retired } = source.pepper;
    let line = compiler.line(&at("pepper"));
    Some(ApiKeyPolicy { name: source.name, kind, line, current, previous, retired })
}

/// Rejects blocks whose keys could be taken for another block's: a key must show its block. Two
/// blocks of imported hashes may look alike, since each text is looked up in both.
pub(super) fn look_different(compiler: &mut Compiler<'_>, blocks: &[(usize, ApiKeyPolicy)]) {
    for (position, (index, block)) in blocks.iter().enumerate() {
        for (other_index, other) in blocks.iter().take(position) {
            let is_native = matches!(block.kind, ApiKeyKind::Native(_));
            let are_imported = !is_native && matches!(other.kind, ApiKeyKind::Imported(_));
            let (Some(one), Some(two)) = (block.lead(), other.lead()) else { continue };
            if are_imported || !(one.starts_with(two) || two.starts_with(one)) {
                continue;
            }
            let other = compiler.describe("api_key", Some(*other_index));
            let field = if is_native { "prefix" } else { "imported" };
            let message = format!("its keys would look like those of {other}");
            compiler.error(Field::of("api_key", *index, field), &message);
        }
    }
}

impl ApiKeyPolicy {
    /// Returns what all its keys begin with, if the policy says so.
    fn lead(&self) -> Option<&str> {
        match &self.kind {
            ApiKeyKind::Native(format) => Some(format.lead()),
            ApiKeyKind::Imported(format) => format.prefix(),
        }
    }
}
