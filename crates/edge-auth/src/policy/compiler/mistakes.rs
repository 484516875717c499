//! The list of mistakes that all parts of the policy's compiler report to, each with its place.

use std::collections::BTreeSet;

use super::spans::{FieldPath, Format, PathStep, SpanMap};
use crate::policy::PolicyError;

/// A field of a block, for an error's place.
#[derive(Debug, Clone)]
pub(super) struct Field {
    block: &'static str,
    index: Option<usize>,
    field: &'static str,
}

impl Field {
    /// A field of the `index`th block of a list (`[[rule]]`).
    pub(super) fn of(block: &'static str, index: usize, field: &'static str) -> Self {
        Self { block, index: Some(index), field }
    }

    /// A field of a table that is there once (`[trust]`).
    pub(super) fn single(block: &'static str, field: &'static str) -> Self {
        Self { block, index: None, field }
    }

    fn place(&self) -> FieldPath {
        let mut place = vec![PathStep::Field(self.block.to_owned())];
        place.extend(self.index.map(PathStep::Index));
        place.push(PathStep::Field(self.field.to_owned()));
        place
    }
}

/// A collector of the mistakes of one policy.
pub(super) struct Compiler<'a> {
    file: &'a str,
    map: SpanMap,
    /// The names of the blocks of each list, for ``rule 3 (`/v1/orders`)``.
    labels: Vec<(&'static str, Vec<String>)>,
    errors: Vec<PolicyError>,
    names: BTreeSet<(&'static str, String)>,
}

impl<'a> Compiler<'a> {
    pub(super) fn new(file: &'a str, text: &str, format: Format) -> Self {
        Self {
            file,
            map: SpanMap::of(text, format),
            labels: Vec::new(),
            errors: Vec::new(),
            names: BTreeSet::new(),
        }
    }

    pub(super) fn label(&mut self, block: &'static str, names: Vec<String>) {
        self.labels.push((block, names));
    }

    pub(super) fn mistakes(&self) -> usize {
        self.errors.len()
    }

    pub(super) fn error(&mut self, at: Field, message: &str) {
        let block = self.describe(at.block, at.index);
        self.errors.push(PolicyError {
            file: self.file.to_owned(),
            line: self.line(&at),
            block,
            field: at.field.to_owned(),
            message: message.to_owned(),
        });
    }

    /// Returns a value, or reports why there is none as a mistake of the field.
    pub(super) fn accept<T>(
        &mut self,
        at: Field,
        parsed: Result<T, impl std::fmt::Display>,
    ) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err(reason) => {
                self.error(at, &reason.to_string());
                None
            }
        }
    }

    /// Names a block for people: ``issuer 1 (`corp`)``.
    pub(super) fn describe(&self, block: &str, index: Option<usize>) -> String {
        let Some(index) = index else {
            return format!("[{block}]");
        };
        let label = self
            .labels
            .iter()
            .find(|(name, _)| *name == block)
            .and_then(|(_, labels)| labels.get(index))
            .map(|label| format!(" (`{label}`)"));
        format!("{block} {}{}", index + 1, label.unwrap_or_default())
    }

    /// Returns the line where a field, or at least its block, is written.
    pub(super) fn line(&self, at: &Field) -> Option<usize> {
        self.map.line_of(&at.place())
    }

    /// Checks a block's name. It is part of principals and of `jwt:NAME`, so it must be plain and
    /// unique.
    pub(super) fn name(&mut self, at: Field, name: &str) {
        let plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        if name.is_empty() || name.len() > 64 || !name.bytes().all(plain) {
            self.error(at, "must be 1 to 64 of a-z, 0-9, `-` and `_`");
        } else if !self.names.insert((at.block, name.to_owned())) {
            self.error(at, &format!("`{name}` names an earlier block already"));
        }
    }

    pub(super) fn finish(self) -> Result<(), Vec<PolicyError>> {
        if self.errors.is_empty() { Ok(()) } else { Err(self.errors) }
    }
}
