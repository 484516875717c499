//! Expectations about a field.

use serde::Deserialize;
use serde_json::Value;

/// The expected values of a field, or of a member of the audit event.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Expectation {
    /// Present, or absent.
    Present(bool),
    /// Exactly this value, once.
    Is(String),
    /// Exactly these values in this order, as separate fields or joined in one (RFC 9110, section
    /// 5.3).
    Are(Vec<String>),
    /// One value that contains the fragment.
    Has {
        /// The fragment.
        has: String,
    },
    /// No value that contains the fragment.
    Lacks {
        /// The fragment.
        lacks: String,
    },
}

impl Expectation {
    /// Returns what was expected if `found` does not meet it.
    pub(super) fn refusal(&self, found: &[String]) -> Option<String> {
        let (met, wanted) = match self {
            Self::Present(true) => (!found.is_empty(), "something".to_owned()),
            Self::Present(false) => (found.is_empty(), "nothing".to_owned()),
            Self::Is(text) => (found == [text.clone()], format!("{text:?}")),
            Self::Are(list) => (found == list || found == [list.join(", ")], format!("{list:?}")),
            Self::Has { has } => {
                let met = found.len() == 1 && found.iter().all(|one| one.contains(has));
                (met, format!("one with {has:?} in it"))
            }
            Self::Lacks { lacks } => {
                (!found.iter().any(|one| one.contains(lacks)), format!("none with {lacks:?} in it"))
            }
        };
        (!met).then_some(wanted)
    }

    /// Returns the same expectation with its references expanded.
    pub(super) fn expanded<E>(
        &self,
        expand: impl Fn(&str) -> Result<String, E>,
    ) -> Result<Self, E> {
        Ok(match self {
            Self::Present(present) => Self::Present(*present),
            Self::Is(text) => Self::Is(expand(text)?),
            Self::Are(list) => {
                Self::Are(list.iter().map(|text| expand(text)).collect::<Result<_, _>>()?)
            }
            Self::Has { has } => Self::Has { has: expand(has)? },
            Self::Lacks { lacks } => Self::Lacks { lacks: expand(lacks)? },
        })
    }
}

/// Returns the values of a member as text, or none if it is absent.
pub(super) fn values(member: Option<&Value>) -> Vec<String> {
    match member {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) => vec![text.clone()],
        Some(other) => vec![other.to_string()],
    }
}

/// Returns whether `found` has every member of `wanted`, at every depth. Lists must have the same
/// length. A wanted `false` also matches an absent member, since TOML has no `null`.
pub(super) fn is_part_of(wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => wanted
            .iter()
            .all(|(name, value)| is_part_of(value, found.get(name).unwrap_or(&Value::Null))),
        (Value::Array(wanted), Value::Array(found)) => {
            wanted.len() == found.len()
                && wanted.iter().zip(found).all(|(wanted, found)| is_part_of(wanted, found))
        }
        (Value::Bool(false), Value::Null) => true,
        (wanted, found) => wanted == found,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn met(want: &Expectation, found: &[&str]) -> bool {
        want.refusal(&found.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>()).is_none()
    }

    #[test]
    fn every_expectation_matches_only_what_it_describes() {
        assert!(met(&Expectation::Present(true), &["a"]) && !met(&Expectation::Present(true), &[]));
        assert!(
            met(&Expectation::Present(false), &[]) && !met(&Expectation::Present(false), &["a"])
        );
        let is = Expectation::Is("a".into());
        assert!(met(&is, &["a"]) && !met(&is, &["a", "a"]) && !met(&is, &["A"]) && !met(&is, &[]));
        let are = Expectation::Are(vec!["a".into(), "b".into()]);
        assert!(met(&are, &["a", "b"]) && met(&are, &["a, b"]) && !met(&are, &["b", "a"]));
        let has = Expectation::Has { has: "b".into() };
        assert!(met(&has, &["abc"]) && !met(&has, &["ac"]) && !met(&has, &[]));
        let lacks = Expectation::Lacks { lacks: "b".into() };
        assert!(met(&lacks, &["ac"]) && met(&lacks, &[]) && !met(&lacks, &["abc"]));
    }

    #[test]
    fn an_object_may_have_more_members_than_wanted_but_not_fewer() {
        let found = json!({"a": {"b": 1, "c": [1, 2]}, "d": true});
        assert!(is_part_of(&json!({"a": {"b": 1}}), &found));
        assert!(is_part_of(&json!({"e": null, "f": false}), &found));
        assert!(!is_part_of(&json!({"d": false}), &found));
        assert!(!is_part_of(&json!({"a": {"c": [1]}}), &found));
        assert!(!is_part_of(&json!({"e": 1}), &found));
    }
}
