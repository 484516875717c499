//! Names a claim in a policy: by its name, a path with dots, or a JSON Pointer (RFC 6901).

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The name of a claim, parsed once.
///
/// A text that begins with `/` is a JSON Pointer, in which names may contain any character:
/// `/kubernetes.io/namespace`, `/https:~1~1example.com~1roles`. Any other text is the name of a
/// claim. If no claim has that whole name, its dots lead into objects (`realm_access.roles`). A
/// claim that is `null` counts as absent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct ClaimPath {
    text: String,
    is_pointer: bool,
    /// The steps from object to member. For a pointer, its reference tokens.
    steps: Vec<String>,
}

/// The reason why a text is not a claim path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidClaimPath {
    /// The name is empty.
    #[error("names no claim: it is empty")]
    Empty,
    /// An escape that RFC 6901, section 3, does not define.
    #[error(
        "begins with `/`, but is not a JSON Pointer (RFC 6901): write `~0` for `~` and `~1` for `/`"
    )]
    Escape,
}

impl ClaimPath {
    /// Returns the path to the claim with this plain name, which has no dots.
    pub fn name(name: &str) -> Self {
        Self { text: name.to_owned(), is_pointer: false, steps: Vec::new() }
    }

    /// Parses a name or a pointer.
    ///
    /// # Errors
    /// `Empty`, and `Escape` for a pointer with another `~` than `~0` and `~1`.
    pub fn parse(text: &str) -> Result<Self, InvalidClaimPath> {
        if text.is_empty() {
            return Err(InvalidClaimPath::Empty);
        }
        let Some(pointer) = text.strip_prefix('/') else {
            let steps = if text.contains('.') {
                text.split('.').map(str::to_owned).collect()
            } else {
                Vec::new()
            };
            return Ok(Self { text: text.to_owned(), is_pointer: false, steps });
        };
        let steps = pointer.split('/').map(unescaped).collect::<Result<_, _>>()?;
        Ok(Self { text: text.to_owned(), is_pointer: true, steps })
    }

    /// Returns the path as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the top-level claim that the path begins with, and then the members that it leads
    /// into. Treats a name with dots as a path.
    pub fn steps(&self) -> Vec<&str> {
        if self.steps.is_empty() {
            return vec![&self.text];
        }
        self.steps.iter().map(String::as_str).collect()
    }

    /// Finds the claim among the members of a set of claims.
    pub(crate) fn find<'a>(&self, members: &'a Map<String, Value>) -> Option<&'a Value> {
        if !self.is_pointer
            && let Some(value) = members.get(&self.text)
            && !value.is_null()
        {
            return Some(value);
        }
        let (first, rest) = self.steps.split_first()?;
        let mut value = members.get(first)?;
        for step in rest {
            value = match value {
                Value::Object(members) => members.get(step)?,
                Value::Array(items) if self.is_pointer => items.get(array_index(step)?)?,
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::String(_)
                | Value::Array(_) => return None,
            };
        }
        if value.is_null() { None } else { Some(value) }
    }
}

impl fmt::Display for ClaimPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Replaces `~1` by `/` and `~0` by `~` (RFC 6901, section 4).
fn unescaped(token: &str) -> Result<String, InvalidClaimPath> {
    let mut text = String::with_capacity(token.len());
    let mut chars = token.chars();
    while let Some(char) = chars.next() {
        if char != '~' {
            text.push(char);
            continue;
        }
        match chars.next() {
            Some('0') => text.push('~'),
            Some('1') => text.push('/'),
            Some(_) | None => return Err(InvalidClaimPath::Escape),
        }
    }
    Ok(text)
}

/// Parses digits without a leading zero (RFC 6901, section 4).
fn array_index(step: &str) -> Option<usize> {
    let only_digits = step.bytes().all(|byte| byte.is_ascii_digit());
    if !only_digits || (step != "0" && step.starts_with('0')) {
        return None;
    }
    step.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn members() -> Map<String, Value> {
        let value = json!({
            "kubernetes.io": {"namespace": "prod", "serviceaccount": {"name": "worker"}},
            "https://sts.amazonaws.com/": {"aws_account": "1234"},
            "realm_access": {"roles": ["admin", "clerk"], "a.b": 1},
            "a.b": "literal",
            "a": {"b": "nested", "c": "inner"},
            "null.name": null,
            "null": {"name": "behind", "nothing": null},
            "m~n": "tilde",
            "": {"": "empty"},
        });
        value.as_object().unwrap().clone()
    }

    fn find(path: &str) -> Option<Value> {
        ClaimPath::parse(path).unwrap().find(&members()).cloned()
    }

    #[test]
    fn a_whole_name_goes_before_the_dots_and_the_dots_lead_into_objects() {
        assert_eq!(find("a.b"), Some(json!("literal")));
        assert_eq!(find("a.c"), Some(json!("inner")));
        assert_eq!(find("realm_access.roles"), Some(json!(["admin", "clerk"])));
        for absent in
            ["realm_access.roles.0", "realm_access.", ".a", "a.x", "x.y", "kubernetes.io.namespace"]
        {
            assert_eq!(find(absent), None, "{absent}");
        }
    }

    #[test]
    fn a_pointer_leads_through_names_with_dots_and_slashes_and_into_lists() {
        assert_eq!(find("/kubernetes.io/namespace"), Some(json!("prod")));
        assert_eq!(find("/kubernetes.io/serviceaccount/name"), Some(json!("worker")));
        assert_eq!(find("/https:~1~1sts.amazonaws.com~1/aws_account"), Some(json!("1234")));
        assert_eq!(find("/realm_access/a.b"), Some(json!(1)));
        assert_eq!(find("/realm_access/roles/1"), Some(json!("clerk")));
        assert_eq!(find("/m~0n"), Some(json!("tilde")));
        assert_eq!(find("//"), Some(json!("empty")));
        assert_eq!(find("/a/b"), Some(json!("nested")));
        for absent in [
            "/a.c",
            "/realm_access/roles/01",
            "/realm_access/roles/-",
            "/realm_access/roles/2",
            "/a/b/c",
        ] {
            assert_eq!(find(absent), None, "{absent}");
        }
    }

    #[test]
    fn null_counts_as_absent_wherever_it_stands() {
        assert_eq!(find("null.name"), Some(json!("behind")));
        assert_eq!(find("/null.name"), None);
        assert_eq!(find("/null/nothing"), None);
        assert_eq!(find("null.nothing"), None);
    }

    #[test]
    fn an_invalid_path_is_refused() {
        assert_eq!(ClaimPath::parse(""), Err(InvalidClaimPath::Empty));
        for text in ["/a~", "/a~2", "/~~0", "/a/~/b"] {
            assert_eq!(ClaimPath::parse(text), Err(InvalidClaimPath::Escape), "{text}");
        }
        assert!(ClaimPath::parse("a~2").is_ok(), "a plain name may hold anything");
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(text in any::<String>()) {
            if let Ok(path) = ClaimPath::parse(&text) {
                let _ = path.find(&members());
            }
        }
    }
}
