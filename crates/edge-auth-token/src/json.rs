//! JSON with one meaning: refuses the input that parsers are known to read differently.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};

use crate::LogSafe;

/// The deepest nesting of arrays and objects, including the outermost.
const MAX_DEPTH: u8 = 32;

/// The reason for refusing bytes as JSON with one meaning.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// The bytes are not UTF-8 (RFC 8259, section 8.1).
    #[error("not UTF-8")]
    NotUtf8,
    /// A violation of RFC 8259's grammar, a member that occurs twice, more than 32 levels, a number
    /// outside the range of a double, or half a surrogate pair.
    #[error("{reason}")]
    Refused {
        /// The reason, with line and column.
        reason: String,
    },
    /// JSON, but not an object.
    #[error("it must be an object, but is {found}")]
    NotAnObject {
        /// The type that was found.
        found: &'static str,
    },
}

/// Parses one JSON object and refuses anything after it. Refuses duplicate members at every depth,
/// as RFC 7519, section 4, and RFC 7515, section 4, allow.
pub(crate) fn object(bytes: &[u8]) -> Result<Map<String, Value>, JsonError> {
    let text = std::str::from_utf8(bytes).map_err(|_| JsonError::NotUtf8)?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Nested { depth: 1 }
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|error| JsonError::Refused { reason: error.to_string() })?;
    match value {
        Value::Object(members) => Ok(members),
        other => Err(JsonError::NotAnObject { found: type_name(&other) }),
    }
}

/// Returns the JSON type of a value, with its article, for messages.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Deserializes a value at `depth`, counted as if it were an array or object.
#[derive(Clone, Copy)]
struct Nested {
    depth: u8,
}

impl Nested {
    fn inner<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth > MAX_DEPTH {
            return Err(E::custom(format_args!("nested more than {MAX_DEPTH} levels deep")));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Nested {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Nested {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            match object.entry(name) {
                Entry::Vacant(member) => member.insert(members.next_value_seed(inner)?),
                Entry::Occupied(member) => {
                    let name = LogSafe::new(member.key());
                    return Err(A::Error::custom(format_args!("member \"{name}\" occurs twice")));
                }
            };
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(text: &str) -> String {
        match object(text.as_bytes()) {
            Err(JsonError::Refused { reason }) => reason,
            other => panic!("{text:?}: {other:?}"),
        }
    }

    #[test]
    fn a_member_that_occurs_twice_is_refused_at_every_depth() {
        assert!(refused(r#"{"a":1,"a":1}"#).contains("member \"a\" occurs twice"));
        refused(r#"{"x":{"a":1,"a":2}}"#);
        refused(r#"{"x":[{"y":{"a":1,"b":2,"a":3}}]}"#);
        // The same name by an escape.
        refused(r#"{"alg":1,"\u0061lg":2}"#);
        refused(r#"{"":1,"":2}"#);
    }

    #[test]
    fn names_that_differ_in_case_or_normal_form_are_different() {
        assert_eq!(object(r#"{"a":1,"A":2,"é":3,"e\u0301":4}"#.as_bytes()).unwrap().len(), 4);
    }

    fn nested(depth: usize) -> String {
        format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth))
    }

    #[test]
    fn depth_is_bounded() {
        assert!(object(nested(31).as_bytes()).is_ok());
        assert!(refused(&nested(32)).contains("32 levels"));
        refused(&nested(10_000));
        refused(&"{\"a\":".repeat(100_000));
        refused(&"[".repeat(1_000_000));
    }

    #[test]
    fn numbers_beyond_a_double_are_refused() {
        refused(r#"{"exp":1e400}"#);
        refused(r#"{"exp":-1e400}"#);
        refused(r#"{"exp":NaN}"#);
        refused(r#"{"exp":Infinity}"#);
        refused(r#"{"exp":01}"#);
        refused(r#"{"exp":0x10}"#);
        refused(r#"{"exp":+1}"#);
        refused(r#"{"exp":1.}"#);
    }

    #[test]
    fn half_a_surrogate_pair_is_refused() {
        refused(r#"{"sub":"\ud800"}"#);
        refused(r#"{"sub":"\udc00x"}"#);
        refused(r#"{"sub":"\ud800\u0041"}"#);
        refused(r#"{"\ud800":1}"#);
        assert!(object(br#"{"sub":"\ud83d\ude00"}"#).is_ok());
    }

    #[test]
    fn only_utf_8_without_a_byte_order_mark_is_read() {
        assert_eq!(object(b"{\"a\":\"\xff\"}"), Err(JsonError::NotUtf8));
        assert_eq!(object(b"{\"a\":\"\xed\xa0\x80\"}"), Err(JsonError::NotUtf8));
        refused("\u{feff}{}");
        let utf_16: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(object(&utf_16).is_err());
        let with_mark: Vec<u8> = "\u{feff}{}".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(object(&with_mark), Err(JsonError::NotUtf8));
    }

    #[test]
    fn there_is_one_object_and_nothing_after_it() {
        refused("");
        refused("{}{}");
        refused("{} x");
        refused("{}\0");
        refused(r#"{"a":1,}"#);
        refused(r#"{'a':1}"#);
        refused(r#"{"a":1 /* */}"#);
        refused("{\"a\":\"\n\"}");
        for (text, found) in [("[]", "an array"), ("null", "null"), ("\"{}\"", "a string")] {
            assert_eq!(object(text.as_bytes()), Err(JsonError::NotAnObject { found }));
        }
        assert!(object(b" \r\n\t{ } ").is_ok());
    }

    proptest! {
        #[test]
        fn any_bytes_are_parsed_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = object(&bytes);
        }

        #[test]
        fn what_is_accepted_is_what_serde_json_reads(text in "[\\[\\]{}:,\"a-c0-9.eE+\\- ]{0,40}") {
            if let Ok(members) = object(text.as_bytes()) {
                prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), Value::Object(members));
            }
        }
    }
}
