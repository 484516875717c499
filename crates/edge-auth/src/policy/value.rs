//! A document as a tree, in TOML or JSON.
//!
//! Serde compiles a deserializer of the policy for each format, and one more for error paths. In
//! wasm, where every byte is sent to every data centre, there is only the one from this tree.
//! Repeated members stay repeated, so that they are refused.

use std::fmt;

use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess,
    Visitor,
};
use serde::forward_to_deserialize_any;

use super::spans::{FieldPath, PathStep};

/// A value of TOML or JSON. A date in TOML becomes a table, so that it is not accepted as text.
pub(super) enum DocumentValue {
    Nothing,
    Truth(bool),
    Natural(u64),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<DocumentValue>),
    Table(Vec<(String, DocumentValue)>),
}

/// The mistake in a tree: serde's own words, and the place. The place grows on the way out, from
/// the innermost step.
#[derive(Debug)]
pub(super) struct DocumentError {
    pub(super) message: String,
    steps: Vec<PathStep>,
}

impl DocumentError {
    pub(super) fn place(&self) -> FieldPath {
        self.steps.iter().rev().cloned().collect()
    }

    fn at(mut self, step: PathStep) -> Self {
        self.steps.push(step);
        self
    }
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for DocumentError {}

impl de::Error for DocumentError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { message: message.to_string(), steps: Vec::new() }
    }
}

impl<'de> Deserialize<'de> for DocumentValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Grow)
    }
}

struct Grow;

impl<'de> Visitor<'de> for Grow {
    type Value = DocumentValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<DocumentValue, E> {
        Ok(DocumentValue::Nothing)
    }

    fn visit_bool<E>(self, value: bool) -> Result<DocumentValue, E> {
        Ok(DocumentValue::Truth(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<DocumentValue, E> {
        Ok(DocumentValue::Natural(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<DocumentValue, E> {
        Ok(DocumentValue::Integer(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<DocumentValue, E> {
        Ok(DocumentValue::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<DocumentValue, E> {
        Ok(DocumentValue::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<DocumentValue, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(DocumentValue::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<DocumentValue, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(DocumentValue::Table(members))
    }
}

impl<'de> Deserializer<'de> for DocumentValue {
    type Error = DocumentError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DocumentError> {
        match self {
            Self::Nothing => visitor.visit_unit(),
            Self::Truth(value) => visitor.visit_bool(value),
            Self::Natural(value) => visitor.visit_u64(value),
            Self::Integer(value) => visitor.visit_i64(value),
            Self::Float(value) => visitor.visit_f64(value),
            Self::Text(value) => visitor.visit_string(value),
            Self::List(items) => visitor.visit_seq(Items { next: 0, items: items.into_iter() }),
            Self::Table(members) => {
                visitor.visit_map(Members { members: members.into_iter(), value: None })
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DocumentError> {
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
    ) -> Result<V::Value, DocumentError> {
        match self {
            Self::Text(variant) => {
                variant.into_deserializer().deserialize_enum(name, variants, visitor)
            }
            Self::Table(members) => {
                let members = Members { members: members.into_iter(), value: None };
                de::value::MapAccessDeserializer::new(members)
                    .deserialize_enum(name, variants, visitor)
            }
            value => value.deserialize_any(visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, DocumentError> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, DocumentError> for DocumentValue {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

struct Items {
    next: usize,
    items: std::vec::IntoIter<DocumentValue>,
}

impl<'de> SeqAccess<'de> for Items {
    type Error = DocumentError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, DocumentError> {
        let Some(item) = self.items.next() else { return Ok(None) };
        let at = self.next;
        self.next += 1;
        seed.deserialize(item).map(Some).map_err(|error| error.at(PathStep::Index(at)))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

struct Members {
    members: std::vec::IntoIter<(String, DocumentValue)>,
    value: Option<(String, DocumentValue)>,
}

impl<'de> MapAccess<'de> for Members {
    type Error = DocumentError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, DocumentError> {
        let Some((name, value)) = self.members.next() else { return Ok(None) };
        let key = seed.deserialize(DocumentValue::Text(name.clone()));
        let key = key.map_err(|error| error.at(PathStep::Field(name.clone())))?;
        self.value = Some((name, value));
        Ok(Some(key))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, DocumentError> {
        let (name, value) = self.value.take().unwrap_or((String::new(), DocumentValue::Nothing));
        seed.deserialize(value).map_err(|error| error.at(PathStep::Field(name)))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::DocumentValue;
    use crate::policy::schema::PolicyTables;

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
when = { country = ["DE"], asn = [4200000000], networks = ["10.0.0.0/8", "2001:db8::/32"] }
"#;

    #[test]
    fn a_policy_parsed_by_way_of_a_document_value_is_the_same() {
        let straight: PolicyTables = toml::from_str(POLICY).unwrap();
        let tree: DocumentValue = toml::from_str(POLICY).unwrap();
        assert_eq!(
            format!("{:?}", PolicyTables::deserialize(tree).unwrap()),
            format!("{straight:?}")
        );
    }

    #[test]
    fn a_repeated_field_is_refused() {
        let tree: DocumentValue = serde_json::from_str(r#"{"rule": [], "rule": []}"#).unwrap();
        assert!(
            PolicyTables::deserialize(tree).unwrap_err().to_string().contains("duplicate field")
        );
    }

    #[test]
    fn an_error_knows_where_it_is() {
        let place = |text: &str| {
            let tree: DocumentValue = serde_json::from_str(text).unwrap();
            format!("{:?}", PolicyTables::deserialize(tree).unwrap_err().place())
        };
        let wrong = r#"{"rule": [{"path": "/a"}, {"path": true}]}"#;
        assert_eq!(place(wrong), r#"[Field("rule"), Index(1), Field("path")]"#);
        assert_eq!(place(r#"{"trust": {"secrets": ""}}"#), r#"[Field("trust"), Field("secrets")]"#);
        assert_eq!(place(r#"{"issuer": [{}]}"#), r#"[Field("issuer"), Index(0)]"#);
    }

    #[test]
    fn unknown_fields_and_wrong_types_are_refused_with_the_same_words() {
        for text in [r#"{"rules": []}"#, r#"{"rule": 1}"#, r#"{"rule": [{"path": true}]}"#] {
            let straight = serde_json::from_str::<PolicyTables>(text).unwrap_err().to_string();
            let tree: DocumentValue = serde_json::from_str(text).unwrap();
            let by_value = PolicyTables::deserialize(tree).unwrap_err().to_string();
            assert!(straight.starts_with(&by_value), "{straight} | {by_value}");
        }
    }
}
