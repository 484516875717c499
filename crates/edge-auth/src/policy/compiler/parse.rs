//! Parses a policy's text to its tables. An error names the line, the block and the field.

use serde::de::DeserializeOwned;

use super::schema;
use super::spans::{FieldPath, Format, PathStep, SpanMap};
use crate::policy::strict_table::StrictTable;
use crate::policy::{PolicyError, PolicyErrors};

/// Parses a policy. An error names the innermost field that serde was at.
pub(super) fn parse(
    text: &str,
    format: Format,
    file: &str,
) -> Result<schema::PolicyTables, PolicyErrors> {
    let fail = |line: Option<usize>, place: &FieldPath, message: String| {
        let (block, field) = split(place);
        let message = without_variants(message);
        PolicyErrors(vec![PolicyError { file: file.to_owned(), line, block, field, message }])
    };
    match format {
        Format::Toml => {
            let document = toml::Deserializer::parse(text).map_err(|error| {
                let line = error.span().map(|span| SpanMap::of(text, format).line_at(span.start));
                fail(line, &Vec::new(), error.message().to_owned())
            })?;
            let source =
                traced(document).map_err(|(place, error): (FieldPath, toml::de::Error)| {
                    let map = SpanMap::of(text, format);
                    let line = error.span().map(|span| map.line_at(span.start));
                    let line = line.or_else(|| map.line_of(&place));
                    fail(line, &place, error.message().to_owned())
                });
            source.map(|StrictTable(source)| source)
        }
        Format::Json => {
            let mut document = serde_json::Deserializer::from_str(text);
            let StrictTable(source) = traced(&mut document).map_err(
                |(place, error): (FieldPath, serde_json::Error)| {
                    fail(Some(error.line()), &place, error.to_string())
                },
            )?;
            document
                .end()
                .map_err(|error| fail(Some(error.line()), &Vec::new(), error.to_string()))?;
            Ok(source)
        }
    }
}

/// Deserializes a value, or returns where in the document it is wrong.
fn traced<'de, D, T>(deserializer: D) -> Result<T, (FieldPath, D::Error)>
where
    D: serde::Deserializer<'de>,
    T: DeserializeOwned,
{
    use serde_path_to_error::Segment;
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let step = |segment: &Segment| match segment {
            Segment::Map { key } => Some(PathStep::Field(key.clone())),
            Segment::Seq { index } => Some(PathStep::Index(*index)),
            Segment::Enum { .. } | Segment::Unknown => None,
        };
        let place = error.path().iter().filter_map(step).collect();
        (place, error.into_inner())
    })
}

/// Rewords serde's message for a value that a closed set does not have: "variant" is Rust's word.
fn without_variants(message: String) -> String {
    let Some(rest) = message.strip_prefix("unknown variant ") else { return message };
    // The set is ours, so the last ", expected " is serde's and not the policy's.
    match rest.rsplit_once(", expected ") {
        Some((value, set)) => format!("{value} is not {set}"),
        None => message,
    }
}

/// Splits a path into the block and the field inside it, for people.
fn split(place: &[PathStep]) -> (String, String) {
    let field = |steps: &[PathStep]| {
        let parts = steps.iter().map(|step| match step {
            PathStep::Field(name) => name.clone(),
            PathStep::Index(index) => (index + 1).to_string(),
        });
        parts.collect::<Vec<_>>().join(".")
    };
    match place {
        [PathStep::Field(block), PathStep::Index(index), rest @ ..] => {
            (format!("{block} {}", index + 1), field(rest))
        }
        [PathStep::Field(block), rest @ ..] if !rest.is_empty() => {
            (format!("[{block}]"), field(rest))
        }
        other => (String::new(), field(other)),
    }
}
