//! Finds the line of a field in a policy, in TOML and JSON alike.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use toml::de::{DeTable, DeValue};

/// One step from a document's root: a field's name or a list's index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PathStep {
    Field(String),
    Index(usize),
}

/// The path of a field, as `serde_path_to_error` and the compiler name it.
pub(super) type FieldPath = Vec<PathStep>;

/// The format of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// TOML 1.0.
    Toml,
    /// JSON, RFC 8259.
    Json,
}

impl Format {
    /// Returns JSON for a name that ends in `.json`, TOML for any other.
    pub fn of(file: &str) -> Self {
        let json =
            file.rsplit('.').next().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        if json { Self::Json } else { Self::Toml }
    }
}

/// The places of all values in a document, made once for all questions.
pub(super) struct SpanMap {
    root: Option<SpanNode>,
    newlines: Vec<usize>,
}

/// A value: its offset, and the values in it.
#[derive(Default)]
struct SpanNode {
    offset: usize,
    fields: BTreeMap<String, SpanNode>,
    items: Vec<SpanNode>,
}

/// The deepest level that has a place: `rule`, its index, a field, a field or index in it.
const DEPTH: usize = 4;

impl SpanMap {
    pub(super) fn of(text: &str, format: Format) -> Self {
        let root = match format {
            Format::Toml => {
                DeTable::parse(text).ok().map(|root| toml_table(root.get_ref(), 0, DEPTH))
            }
            Format::Json => serde_json::from_str::<&RawValue>(text)
                .ok()
                .map(|root| json_value(text, root, DEPTH)),
        };
        Self { root, newlines: text.match_indices('\n').map(|(offset, _)| offset).collect() }
    }

    /// Returns the line (from 1) of the deepest part of `place` that the text has.
    pub(super) fn line_of(&self, place: &[PathStep]) -> Option<usize> {
        let mut node = self.root.as_ref()?;
        let mut found = false;
        for step in place {
            let next = match step {
                PathStep::Field(name) => node.fields.get(name),
                PathStep::Index(index) => node.items.get(*index),
            };
            let Some(next) = next else { break };
            (node, found) = (next, true);
        }
        found.then(|| self.line_at(node.offset))
    }

    /// Returns the line (from 1) that holds the byte at `offset`.
    pub(super) fn line_at(&self, offset: usize) -> usize {
        self.newlines.partition_point(|newline| *newline < offset) + 1
    }
}

fn toml_table(table: &DeTable<'_>, offset: usize, depth: usize) -> SpanNode {
    let mut fields = BTreeMap::new();
    for (key, value) in table.iter() {
        // A list of tables (`[[rule]]`) begins on its header line; a plain value on its key's line.
        let at_root = depth == DEPTH && !value.get_ref().is_str();
        let offset = if at_root { value.span().start } else { key.span().start };
        let node = toml_value(value.get_ref(), offset, depth - 1);
        fields.insert(key.get_ref().clone().into_owned(), node);
    }
    SpanNode { offset, fields, items: Vec::new() }
}

fn toml_value(value: &DeValue<'_>, offset: usize, depth: usize) -> SpanNode {
    match value {
        DeValue::Table(table) if depth > 0 => toml_table(table, offset, depth),
        DeValue::Array(list) if depth > 0 => {
            let items = list
                .iter()
                .map(|item| toml_value(item.get_ref(), item.span().start, depth - 1))
                .collect();
            SpanNode { offset, fields: BTreeMap::new(), items }
        }
        _ => SpanNode { offset, ..SpanNode::default() },
    }
}

fn json_value(text: &str, value: &RawValue, depth: usize) -> SpanNode {
    // The inner text is a part of the whole text, so the difference of their addresses is the
    // offset.
    let offset = (value.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    let mut node = SpanNode { offset, ..SpanNode::default() };
    if depth > 0 {
        if let Ok(fields) = serde_json::from_str::<BTreeMap<String, &RawValue>>(value.get()) {
            for (name, value) in fields {
                node.fields.insert(name, json_value(text, value, depth - 1));
            }
        } else if let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(value.get()) {
            node.items = items.into_iter().map(|item| json_value(text, item, depth - 1)).collect();
        }
    }
    node
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(steps: &[&str]) -> FieldPath {
        let step = |step: &&str| match step.parse() {
            Ok(index) => PathStep::Index(index),
            Err(_) => PathStep::Field((*step).to_owned()),
        };
        steps.iter().map(step).collect()
    }

    #[test]
    fn a_toml_field_is_on_its_own_line() {
        let text = "\n[[rule]]\npath = \"/a\"\n\n[[rule]]\npath = \"/b\"\nscopes = [\"x\"]\n";
        assert_eq!(
            SpanMap::of(text, Format::Toml).line_of(&place(&["rule", "1", "scopes"])),
            Some(7)
        );
        assert_eq!(SpanMap::of(text, Format::Toml).line_of(&place(&["rule", "1"])), Some(5));
        assert_eq!(
            SpanMap::of(text, Format::Toml).line_of(&place(&["rule", "1", "nothing"])),
            Some(5)
        );
    }

    #[test]
    fn a_json_field_is_where_its_value_begins() {
        let text = "{\n \"rule\": [\n  {\"path\": \"/a\"},\n  {\n   \"path\": 3\n  }\n ]\n}";
        assert_eq!(
            SpanMap::of(text, Format::Json).line_of(&place(&["rule", "1", "path"])),
            Some(5)
        );
        assert_eq!(SpanMap::of(text, Format::Json).line_of(&place(&["rule", "1"])), Some(4));
    }

    #[test]
    fn a_place_that_is_not_in_the_text_has_no_line() {
        assert_eq!(SpanMap::of("not = [toml", Format::Toml).line_of(&place(&["rule"])), None);
        assert_eq!(SpanMap::of("{}", Format::Json).line_of(&place(&["rule"])), None);
    }
}
