//! From a field's place in a policy to its line in the file, for TOML and JSON alike.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One step from a document's root: a field's name or a list's index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Field(String),
    Index(usize),
}

/// The path of a field, as `serde_path_to_error` and the compiler name it.
pub(super) type Place = Vec<Step>;

/// How a policy is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// TOML 1.0.
    Toml,
    /// JSON, RFC 8259.
    Json,
}

impl Format {
    /// JSON for a name that ends in `.json`, TOML for any other.
    pub fn of(file: &str) -> Self {
        let json = file.rsplit('.').next().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        if json { Self::Json } else { Self::Toml }
    }
}

/// The line (from 1) of the deepest part of `place` that the text has.
pub(super) fn line_of(text: &str, format: Format, place: &[Step]) -> Option<usize> {
    let offset = match format {
        Format::Toml => toml_offset(text, place),
        Format::Json => json_offset(text, place),
    }?;
    Some(line_at(text, offset))
}

/// The line (from 1) that holds the byte at `offset`.
pub(super) fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

fn toml_offset(text: &str, place: &[Step]) -> Option<usize> {
    let root = DeTable::parse(text).ok()?;
    let (first, rest) = place.split_first()?;
    let Step::Field(name) = first else {
        return None;
    };
    let (key, mut value) = field(root.get_ref(), name)?;
    // A list of tables (`[[rule]]`) has its own header line; a plain value is on its key's line.
    let mut offset = if value.get_ref().is_str() { key } else { value.span().start };
    for step in rest {
        let next: Option<(usize, &Spanned<DeValue<'_>>)> = match (step, value.get_ref()) {
            (Step::Field(name), DeValue::Table(table)) => field(table, name),
            (Step::Index(index), DeValue::Array(list)) => {
                list.get(*index).map(|item| (item.span().start, item))
            }
            _ => None,
        };
        let Some((start, inner)) = next else { break };
        (offset, value) = (start, inner);
    }
    Some(offset)
}

fn field<'a, 'i>(table: &'a DeTable<'i>, name: &str) -> Option<(usize, &'a Spanned<DeValue<'i>>)> {
    let (key, value) = table.iter().find(|(key, _)| key.get_ref() == name)?;
    Some((key.span().start, value))
}

fn json_offset(text: &str, place: &[Step]) -> Option<usize> {
    let mut value: &RawValue = serde_json::from_str(text).ok()?;
    let mut offset = None;
    for step in place {
        let next = match step {
            Step::Field(name) => serde_json::from_str::<BTreeMap<String, &RawValue>>(value.get())
                .ok()
                .and_then(|fields| fields.get(name).copied()),
            Step::Index(index) => serde_json::from_str::<Vec<&RawValue>>(value.get())
                .ok()
                .and_then(|list| list.get(*index).copied()),
        };
        let Some(inner) = next else { break };
        // The inner text is a part of the whole one, so their addresses tell where it is.
        offset = (inner.get().as_ptr() as usize).checked_sub(text.as_ptr() as usize);
        value = inner;
    }
    offset
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(steps: &[&str]) -> Place {
        let step = |step: &&str| match step.parse() {
            Ok(index) => Step::Index(index),
            Err(_) => Step::Field((*step).to_owned()),
        };
        steps.iter().map(step).collect()
    }

    #[test]
    fn a_toml_field_is_on_its_own_line() {
        let text = "\n[[rule]]\npath = \"/a\"\n\n[[rule]]\npath = \"/b\"\nscopes = [\"x\"]\n";
        assert_eq!(line_of(text, Format::Toml, &place(&["rule", "1", "scopes"])), Some(7));
        assert_eq!(line_of(text, Format::Toml, &place(&["rule", "1"])), Some(5));
        assert_eq!(line_of(text, Format::Toml, &place(&["rule", "1", "nothing"])), Some(5));
    }

    #[test]
    fn a_json_field_is_where_its_value_begins() {
        let text = "{\n \"rule\": [\n  {\"path\": \"/a\"},\n  {\n   \"path\": 3\n  }\n ]\n}";
        assert_eq!(line_of(text, Format::Json, &place(&["rule", "1", "path"])), Some(5));
        assert_eq!(line_of(text, Format::Json, &place(&["rule", "1"])), Some(4));
    }

    #[test]
    fn what_cannot_be_found_has_no_line() {
        assert_eq!(line_of("not = [toml", Format::Toml, &place(&["rule"])), None);
        assert_eq!(line_of("{}", Format::Json, &place(&["rule"])), None);
    }
}
