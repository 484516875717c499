//! A document as a tree, whatever it is written in.
//!
//! Serde compiles a reader of the policy for each format that it can come from, and one more for each
//! way to look at it. In wasm, where every byte is sent to every data centre, there is one: from this
//! tree. Members that are there twice stay twice, so that they are refused.

use std::fmt;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{self, Deserialize, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

/// Any value of TOML or JSON. A date of TOML's is a table, and so is no text.
pub(super) enum Tree {
    Nothing,
    Truth(bool),
    Natural(u64),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Tree>),
    Table(Vec<(String, Tree)>),
}

/// Why a tree is not what was wanted: serde's own words.
pub(super) type TreeError = de::value::Error;

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Grow)
    }
}

struct Grow;

impl<'de> Visitor<'de> for Grow {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Nothing)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Truth(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Natural(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Integer(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
        Ok(Tree::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Tree, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Tree::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Tree::Table(members))
    }
}

impl<'de> Deserializer<'de> for Tree {
    type Error = TreeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TreeError> {
        match self {
            Self::Nothing => visitor.visit_unit(),
            Self::Truth(value) => visitor.visit_bool(value),
            Self::Natural(value) => visitor.visit_u64(value),
            Self::Integer(value) => visitor.visit_i64(value),
            Self::Float(value) => visitor.visit_f64(value),
            Self::Text(value) => visitor.visit_string(value),
            Self::List(items) => {
                let mut items = SeqDeserializer::new(items.into_iter());
                let value = visitor.visit_seq(&mut items)?;
                items.end().map(|()| value)
            }
            Self::Table(members) => {
                let mut members = MapDeserializer::new(members.into_iter());
                let value = visitor.visit_map(&mut members)?;
                members.end().map(|()| value)
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TreeError> {
        match self {
            Self::Nothing => visitor.visit_none(),
            value => visitor.visit_some(value),
        }
    }

    /// A variant without content is its name.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TreeError> {
        match self {
            Self::Text(variant) => variant.into_deserializer().deserialize_enum(name, variants, visitor),
            Self::Table(members) => {
                let members = MapDeserializer::<_, TreeError>::new(members.into_iter());
                de::value::MapAccessDeserializer::new(members).deserialize_enum(name, variants, visitor)
            }
            value => value.deserialize_any(visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, TreeError> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, TreeError> for Tree {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::Tree;
    use crate::policy::source::Source;

    const POLICY: &str = r#"
[[issuer]]
name = "corp"
issuer = "https://login.example.com/"
audience = ["https://api.example.com"]
keys = { jwks = { keys = [] } }
max_lifetime = "1h"

[credentials]
max_token_bytes = 4096

[forward_auth]
proxy = "nginx"

[[rule]]
path = "/a"
require = { all = ["jwt:corp"] }
scopes = ["a"]
"#;

    #[test]
    fn a_policy_is_the_same_by_way_of_a_tree() {
        let straight: Source = toml::from_str(POLICY).unwrap();
        let tree: Tree = toml::from_str(POLICY).unwrap();
        assert_eq!(format!("{:?}", Source::deserialize(tree).unwrap()), format!("{straight:?}"));
    }

    #[test]
    fn what_is_there_twice_is_refused() {
        let tree: Tree = serde_json::from_str(r#"{"rule": [], "rule": []}"#).unwrap();
        assert!(Source::deserialize(tree).unwrap_err().to_string().contains("duplicate field"));
    }

    #[test]
    fn what_is_unknown_or_of_another_kind_is_refused_with_the_same_words() {
        for text in [r#"{"rules": []}"#, r#"{"rule": 1}"#, r#"{"rule": [{"path": true}]}"#] {
            let straight = serde_json::from_str::<Source>(text).unwrap_err().to_string();
            let tree: Tree = serde_json::from_str(text).unwrap();
            let by_tree = Source::deserialize(tree).unwrap_err().to_string();
            assert!(straight.starts_with(&by_tree), "{straight} | {by_tree}");
        }
    }
}
