//! Claims as a policy writes them: what they must be, and which have scopes.

use std::collections::BTreeMap;
use std::fmt;

#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::policy::claim_rule::{ClaimTest, ClaimValue};

/// A value that a claim, or an element of its list, can have.
#[derive(Debug)]
pub(super) struct WrittenValue(ClaimValue);

/// A test of one claim: a value, a list of values, or a table.
#[derive(Debug)]
pub(crate) struct WrittenTest(pub ClaimTest);

/// Deserializes a table of tests by the names of claims.
pub(super) fn tests<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, ClaimTest>, D::Error> {
    let written = BTreeMap::<String, WrittenTest>::deserialize(deserializer)?;
    Ok(written.into_iter().map(|(claim, WrittenTest(test))| (claim, test)).collect())
}

fn one_of(value: ClaimValue) -> WrittenTest {
    WrittenTest(ClaimTest::OneOf(vec![value]))
}

fn plain(values: Vec<WrittenValue>) -> Vec<ClaimValue> {
    values.into_iter().map(|WrittenValue(value)| value).collect()
}

impl<'de> Deserialize<'de> for WrittenValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Scalar;
        impl Visitor<'_> for Scalar {
            type Value = WrittenValue;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text, true, false or a whole number")
            }
            fn visit_str<E>(self, text: &str) -> Result<WrittenValue, E> {
                Ok(WrittenValue(ClaimValue::Text(text.to_owned())))
            }
            fn visit_bool<E>(self, truth: bool) -> Result<WrittenValue, E> {
                Ok(WrittenValue(ClaimValue::Boolean(truth)))
            }
            fn visit_i64<E>(self, number: i64) -> Result<WrittenValue, E> {
                Ok(WrittenValue(ClaimValue::Integer(number)))
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<WrittenValue, E> {
                match i64::try_from(number) {
                    Ok(number) => self.visit_i64(number),
                    Err(_) => Err(E::custom("the number is too large")),
                }
            }
        }
        deserializer.deserialize_any(Scalar)
    }
}

/// The table: exactly one of these.
#[derive(Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct TestForm {
    /// The claim's list has this value. A lone value is a list of one.
    contains: Option<WrittenValue>,
    /// The claim's list has one of these values.
    contains_any: Option<Vec<WrittenValue>>,
    /// The claim's list has all of these values.
    contains_all: Option<Vec<WrittenValue>>,
}

impl<'de> Deserialize<'de> for WrittenTest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = WrittenTest;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "text, true, a whole number, a list of these (one of them), or { contains = … }, \
                     { contains_any = […] } or { contains_all = […] }",
                )
            }
            fn visit_str<E>(self, text: &str) -> Result<WrittenTest, E> {
                Ok(one_of(ClaimValue::Text(text.to_owned())))
            }
            fn visit_bool<E>(self, truth: bool) -> Result<WrittenTest, E> {
                Ok(one_of(ClaimValue::Boolean(truth)))
            }
            fn visit_i64<E>(self, number: i64) -> Result<WrittenTest, E> {
                Ok(one_of(ClaimValue::Integer(number)))
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<WrittenTest, E> {
                match i64::try_from(number) {
                    Ok(number) => self.visit_i64(number),
                    Err(_) => Err(E::custom("the number is too large")),
                }
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<WrittenTest, A::Error> {
                let values = Vec::deserialize(de::value::SeqAccessDeserializer::new(seq))?;
                Ok(WrittenTest(ClaimTest::OneOf(plain(values))))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<WrittenTest, A::Error> {
                let table = TestForm::deserialize(de::value::MapAccessDeserializer::new(map))?;
                match (table.contains, table.contains_any, table.contains_all) {
                    (Some(value), None, None) => {
                        Ok(WrittenTest(ClaimTest::ContainsAny(vec![value.0])))
                    }
                    (None, Some(values), None) => {
                        Ok(WrittenTest(ClaimTest::ContainsAny(plain(values))))
                    }
                    (None, None, Some(values)) => {
                        Ok(WrittenTest(ClaimTest::ContainsAll(plain(values))))
                    }
                    _ => Err(de::Error::custom(
                        "give exactly one of `contains`, `contains_any` and `contains_all`",
                    )),
                }
            }
        }
        deserializer.deserialize_any(Form)
    }
}

/// `"claim"`, or `{ claim = "…", split = true }`.
#[derive(Debug, Clone)]
pub(crate) struct ScopeClaimSource {
    pub claim: String,
    pub split: Option<bool>,
}

/// The table.
#[derive(Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct ScopeClaimForm {
    /// The claim's name.
    claim: String,
    /// Splits text at spaces. By default only `scope` and `scp` are split.
    split: Option<bool>,
}

impl<'de> Deserialize<'de> for ScopeClaimSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = ScopeClaimSource;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a claim, or { claim = \"…\", split = true }")
            }
            fn visit_str<E>(self, name: &str) -> Result<ScopeClaimSource, E> {
                Ok(ScopeClaimSource { claim: name.to_owned(), split: None })
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ScopeClaimSource, A::Error> {
                let ScopeClaimForm { claim, split } =
                    ScopeClaimForm::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(ScopeClaimSource { claim, split })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// One claim, or a list of them.
#[derive(Debug, Clone)]
pub(crate) struct ScopeClaimSources(pub Vec<ScopeClaimSource>);

impl<'de> Deserialize<'de> for ScopeClaimSources {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = ScopeClaimSources;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "the name of a claim, { claim = \"…\", split = true }, or a list of these",
                )
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<ScopeClaimSources, E> {
                Ok(ScopeClaimSources(vec![ScopeClaimSource {
                    claim: name.to_owned(),
                    split: None,
                }]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<ScopeClaimSources, A::Error> {
                Vec::deserialize(de::value::SeqAccessDeserializer::new(seq)).map(ScopeClaimSources)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ScopeClaimSources, A::Error> {
                let one =
                    ScopeClaimSource::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(ScopeClaimSources(vec![one]))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn other_forms_are_refused() {
        for form in [
            json!({}),
            json!({"contains": ["a"]}),
            json!({"contains": "a", "contains_any": ["b"]}),
            json!({"is": "a"}),
            json!(1.5),
            json!([["a"]]),
            json!(u64::MAX),
        ] {
            assert!(serde_json::from_value::<WrittenTest>(form.clone()).is_err(), "{form}");
        }
    }
}
