//! Values that can be written in several ways.

use std::fmt;
use std::time::Duration;

#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};

/// A duration as people write it: `"30s"`, `"10m"`, `"1h 30m"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DurationText(pub Duration);

impl<'de> Deserialize<'de> for DurationText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        humantime::parse_duration(&text).map(Self).map_err(|_| {
            de::Error::custom(format!(
                "`{text}` is not a duration: write it like \"30s\" or \"10m\""
            ))
        })
    }
}

/// One name, or a list of them.
#[derive(Debug, Clone)]
pub(crate) struct OneOrMany(pub Vec<String>);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EitherVisitor;
        impl<'de> Visitor<'de> for EitherVisitor {
            type Value = OneOrMany;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of strings")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany(vec![text.to_owned()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<OneOrMany, A::Error> {
                Vec::deserialize(de::value::SeqAccessDeserializer::new(seq)).map(OneOrMany)
            }
        }
        deserializer.deserialize_any(EitherVisitor)
    }
}

/// A secret that can be replaced: the names of the one that is used now, and of older ones.
#[derive(Debug, Clone)]
pub(crate) struct SecretNames {
    pub current: String,
    pub previous: Vec<String>,
    pub retired: Vec<String>,
}

/// The table.
#[derive(Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct SecretNamesForm {
    /// The name of the secret that is used now.
    current: String,
    /// The names of older ones that still count.
    #[serde(default)]
    previous: Vec<String>,
    /// The names of older ones that no longer count.
    #[serde(default)]
    retired: Vec<String>,
}

impl<'de> Deserialize<'de> for SecretNames {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EitherVisitor;
        impl<'de> Visitor<'de> for EitherVisitor {
            type Value = SecretNames;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a secret, or { current, previous, retired }")
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<SecretNames, E> {
                Ok(SecretNames {
                    current: name.to_owned(),
                    previous: Vec::new(),
                    retired: Vec::new(),
                })
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SecretNames, A::Error> {
                let form =
                    SecretNamesForm::deserialize(de::value::MapAccessDeserializer::new(map))?;
                let SecretNamesForm { current, previous, retired } = form;
                Ok(SecretNames { current, previous, retired })
            }
        }
        deserializer.deserialize_any(EitherVisitor)
    }
}
