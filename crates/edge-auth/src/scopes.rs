//! Scopes: what a principal was granted, and what a rule asks for (RFC 6749, section 3.3).

use std::borrow::Cow;
use std::collections::BTreeSet;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::{Deserialize, Serialize, Serializer};

/// What the scopes of the administration begin with. They are never among "all scopes".
const RESERVED: &str = "edge-auth:";

/// The scopes that a credential carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scopes {
    /// Exactly these.
    List(BTreeSet<String>),
    /// Whatever a rule asks for, except the reserved scopes: those that begin with `edge-auth:`.
    All,
}

impl Scopes {
    /// Exactly these.
    pub fn list<S: Into<String>>(scopes: impl IntoIterator<Item = S>) -> Self {
        Self::List(scopes.into_iter().map(Into::into).collect())
    }

    /// Whether `scope` is among them. A reserved one must be spelled out.
    pub fn contains(&self, scope: &str) -> bool {
        match self {
            Self::List(list) => list.contains(scope),
            Self::All => !scope.starts_with(RESERVED),
        }
    }

    /// Returns the scopes, space separated; all of them is `*`, which holds no reserved one. What
    /// is no visible ASCII in a scope, and `%`, `"` and `\`, is percent-encoded, so that "Night
    /// Shift" is not read as two scopes; a scope that is a lone star is `%2A`.
    pub fn joined(&self) -> String {
        match self {
            Self::List(list) => joined_list(list),
            Self::All => "*".to_owned(),
        }
    }
}

/// What is no scope-token of RFC 6749, section 3.3, and `%`.
const NO_SCOPE_TOKEN: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'%').add(b'\\');

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
        scope => utf8_percent_encode(scope, NO_SCOPE_TOKEN).into(),
    }
}

/// As one text, for those who read answers and not records.
pub(crate) fn joined<S: Serializer>(scopes: &Scopes, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&scopes.joined())
}

/// What a rule asks for: all of the ones, and, unless empty, any of the others.
#[derive(Debug, Clone, Default)]
pub(crate) struct ScopeRule {
    pub all_of: Vec<String>,
    pub any_of: Vec<String>,
}

impl ScopeRule {
    pub(crate) fn is_empty(&self) -> bool {
        self.all_of.is_empty() && self.any_of.is_empty()
    }

    /// Whether it spells `scope` out.
    pub(crate) fn names(&self, scope: &str) -> bool {
        self.all_of.iter().chain(&self.any_of).any(|named| named == scope)
    }

    pub(crate) fn met_by(&self, granted: &Scopes) -> bool {
        self.all_of.iter().all(|scope| granted.contains(scope))
            && (self.any_of.is_empty() || self.any_of.iter().any(|scope| granted.contains(scope)))
    }

    /// The `scope` attribute of a challenge (RFC 6750, section 3): what would do, encoded as
    /// [`Scopes::joined`] does.
    pub(crate) fn wanted(&self) -> String {
        joined_list(self.all_of.iter().chain(&self.any_of))
    }
}

/// A `scope-token` of RFC 6749, section 3.3, or why not. `*` alone is kept for "all".
pub fn valid(scope: &str) -> Result<(), String> {
    let allowed = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E);
    if scope.is_empty() || scope.len() > 256 || !scope.bytes().all(allowed) || scope == "*" {
        return Err(format!(
            "`{}` is no scope: 1 to 256 visible ASCII characters without space, `\"` and `\\`, and not `*`",
            scope.escape_debug()
        ));
    }
    Ok(())
}

/// A scope that a rule may ask for, or why not: tokens also bring groups and roles, which have
/// names like "Night Shift".
pub(crate) fn valid_in_rule(scope: &str) -> Result<(), String> {
    let is_text = !scope.chars().any(char::is_control) && scope.trim() == scope;
    if scope.is_empty() || scope.len() > 256 || !is_text || scope == "*" {
        return Err(format!(
            "`{}` is no scope: 1 to 256 bytes of text without control characters and outer spaces, and not `*`",
            scope.escape_debug()
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_that_are_joined_can_be_told_apart() {
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
    fn a_rule_may_ask_for_text_with_spaces() {
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
    fn all_scopes_are_those_that_nobody_reserved() {
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
    fn no_scope_stands_for_others() {
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
    fn a_star_is_no_scope_of_its_own() {
        assert!(valid("*").is_err());
        assert!(valid("a b").is_err());
        assert!(valid("").is_err());
        assert!(valid("orders:*").is_ok());
    }
}
