//! The scopes that a principal has and that a rule requires (RFC 6749, section 3.3).

use std::borrow::Cow;
use std::collections::BTreeSet;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::{Deserialize, Serialize, Serializer};

/// The prefix of the administration's scopes. "All scopes" never includes them.
pub(crate) const RESERVED: &str = "edge-auth:";

/// The scopes that a credential carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scopes {
    /// Exactly these.
    List(BTreeSet<String>),
    /// All scopes, except the reserved ones that begin with `edge-auth:`.
    All,
}

impl Scopes {
    /// Makes a list of exactly these scopes.
    pub fn list<S: Into<String>>(scopes: impl IntoIterator<Item = S>) -> Self {
        Self::List(scopes.into_iter().map(Into::into).collect())
    }

    /// Returns whether these scopes include `scope`. Only a list can include a reserved scope.
    pub fn contains(&self, scope: &str) -> bool {
        match self {
            Self::List(list) => list.contains(scope),
            Self::All => !scope.starts_with(RESERVED),
        }
    }

    /// Returns the scopes, separated by spaces. All scopes are `*`, which includes no reserved
    /// scope. Percent-encodes everything but visible ASCII, and `%`, `"` and `\`, so that "Night
    /// Shift" does not look like two scopes. A scope named `*` is `%2A`.
    pub fn joined(&self) -> String {
        match self {
            Self::List(list) => joined_list(list),
            Self::All => "*".to_owned(),
        }
    }
}

/// Encodes the characters outside `scope-token` of RFC 6749, section 3.3, and `%`.
const NOT_SCOPE_TOKEN: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'%').add(b'\\');

fn joined_list<'a>(scopes: impl IntoIterator<Item = &'a String>) -> String {
    let mut text = String::new();
    for scope in scopes {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&encoded(scope));
    }
    text
}

fn encoded(scope: &str) -> Cow<'_, str> {
    match scope {
        "*" => Cow::Borrowed("%2A"),
        scope => utf8_percent_encode(scope, NOT_SCOPE_TOKEN).into(),
    }
}

/// Serializes scopes as one text, for responses.
pub(crate) fn joined<S: Serializer>(scopes: &Scopes, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&scopes.joined())
}

/// The scopes that a rule requires: all in `all_of`, and any in `any_of` unless that is empty.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub(crate) struct ScopeRule {
    pub all_of: Vec<String>,
    pub any_of: Vec<String>,
}

impl ScopeRule {
    pub(crate) fn is_empty(&self) -> bool {
        self.all_of.is_empty() && self.any_of.is_empty()
    }

    /// Returns whether the rule names `scope`.
    pub(crate) fn names(&self, scope: &str) -> bool {
        self.all_of.iter().chain(&self.any_of).any(|named| named == scope)
    }

    pub(crate) fn met_by(&self, granted: &Scopes) -> bool {
        self.all_of.iter().all(|scope| granted.contains(scope))
            && (self.any_of.is_empty() || self.any_of.iter().any(|scope| granted.contains(scope)))
    }

    /// Returns the `scope` attribute of a challenge (RFC 6750, section 3): the scopes that the rule
    /// names, encoded as in [`Scopes::joined`].
    pub(crate) fn wanted(&self) -> String {
        joined_list(self.all_of.iter().chain(&self.any_of))
    }
}

/// Checks that `scope` is a `scope-token` of RFC 6749, section 3.3. `*` is reserved for "all".
///
/// # Errors
/// A message for the operator.
pub fn valid(scope: &str) -> Result<(), String> {
    let is_token = scope.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E));
    if scope.is_empty() || scope.len() > 256 || !is_token || scope == "*" {
        return Err(format!(
            "`{}` is not a scope: write 1 to 256 visible ASCII characters without space, `\"` and `\\`, \
             and not `*` alone",
            scope.escape_debug()
        ));
    }
    Ok(())
}

/// Checks that a rule may require `scope`. Text with spaces is valid here, because tokens also have
/// groups and roles with names like "Night Shift".
#[cfg(feature = "compiler")]
pub(crate) fn valid_in_rule(scope: &str) -> Result<(), String> {
    let is_text = !scope.chars().any(char::is_control) && scope.trim() == scope;
    if scope.is_empty() || scope.len() > 256 || !is_text || scope == "*" {
        return Err(format!(
            "`{}` is not a scope: write 1 to 256 bytes of text without control characters and outer \
             spaces, and not `*` alone",
            scope.escape_debug()
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_scopes_remain_distinct() {
        assert_eq!(Scopes::list(["Night Shift", "a"]).joined(), "Night%20Shift a");
        assert_ne!(
            Scopes::list(["Night Shift"]).joined(),
            Scopes::list(["Night", "Shift"]).joined()
        );
        assert_ne!(Scopes::list(["a b"]).joined(), Scopes::list(["a%20b"]).joined());
        assert_eq!(Scopes::list(["*"]).joined(), "%2A");
        let rule = ScopeRule { all_of: list(&["a\"b", "Größe", "c\\d"]), any_of: Vec::new() };
        assert_eq!(rule.wanted(), "a%22b Gr%C3%B6%C3%9Fe c%5Cd");
    }

    #[test]
    fn a_rule_may_require_text_with_spaces() {
        for good in ["Night Shift", "orders:read", "Größe", "a\"b"] {
            assert!(valid_in_rule(good).is_ok(), "{good}");
        }
        for bad in ["", "*", " a", "a ", "a\nb", "a\tb", &"a".repeat(257)] {
            assert!(valid_in_rule(bad).is_err(), "{bad:?}");
        }
    }

    fn list(scopes: &[&str]) -> Vec<String> {
        scopes.iter().map(|scope| (*scope).to_owned()).collect()
    }

    #[test]
    fn all_of_needs_every_scope_and_any_of_one() {
        let rule = ScopeRule { all_of: list(&["a"]), any_of: list(&["b", "c"]) };
        assert!(rule.met_by(&Scopes::list(["c", "a"])));
        assert!(!rule.met_by(&Scopes::list(["a"])));
        assert!(!rule.met_by(&Scopes::list(["b", "c"])));
        assert!(rule.met_by(&Scopes::All));
    }

    #[test]
    fn all_scopes_exclude_the_reserved_ones() {
        for scope in [
            "edge-auth:keys:write",
            "edge-auth:keys:read",
            "edge-auth:revocations:write",
            "edge-auth:x",
        ] {
            assert!(!Scopes::All.contains(scope), "{scope}");
            assert!(Scopes::list([scope]).contains(scope), "{scope}");
            let rule = ScopeRule { all_of: list(&["a", scope]), any_of: Vec::new() };
            assert!(!rule.met_by(&Scopes::All), "{scope}");
            let rule = ScopeRule { all_of: Vec::new(), any_of: list(&[scope]) };
            assert!(!rule.met_by(&Scopes::All), "{scope}");
        }
        for scope in ["edge-auth", "edge-authority:read", "orders:edge-auth:keys"] {
            assert!(Scopes::All.contains(scope), "{scope}");
        }
    }

    #[test]
    fn a_scope_never_includes_others() {
        let prefixes =
            Scopes::list(["*", "edge-auth:*", "edge-auth:keys", "edge-auth:keys:*", "edge-auth:"]);
        assert!(!prefixes.contains("edge-auth:keys:write"));
    }

    #[test]
    fn a_scope_is_compared_whole() {
        let rule = ScopeRule { all_of: list(&["orders:read"]), any_of: Vec::new() };
        assert!(!rule.met_by(&Scopes::list(["orders:read2", "orders"])));
    }

    #[test]
    fn a_star_alone_is_not_a_scope() {
        assert!(valid("*").is_err());
        assert!(valid("a b").is_err());
        assert!(valid("").is_err());
        assert!(valid("orders:*").is_ok());
    }
}
