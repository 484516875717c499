//! Conditions on claims: of an `[[issuer]]` for each of its tokens, of a `[[rule]]` for tokens that
//! pass it.

use std::collections::BTreeMap;
use std::fmt;

use edge_auth_token::{ClaimPath, Claims};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::compiler::{Compiler, Field};

/// A condition that a token's claims must meet.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) enum ClaimRule {
    /// One claim is as it must be.
    Is { claim: ClaimPath, wanted: ClaimTest },
    /// One of several claims is there.
    AnyPresent { claims: Vec<ClaimPath> },
}

/// A test of one claim.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) enum ClaimTest {
    /// `"text"`, `true`, `42`, or a list of these: the claim is one of them.
    OneOf(Vec<ClaimValue>),
    /// `{ contains = … }`, `{ contains_any = […] }`: the claim's list has one of them.
    ContainsAny(Vec<ClaimValue>),
    /// `{ contains_all = […] }`: the claim's list has all of them.
    ContainsAll(Vec<ClaimValue>),
}

/// A value that a claim, or an element of its list, can have.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) enum ClaimValue {
    Text(String),
    Boolean(bool),
    Integer(i64),
}

impl ClaimRule {
    /// Makes the rule that a claim with a plain name has this text.
    pub(super) fn equals(claim: &str, value: &str) -> Self {
        let wanted = ClaimTest::OneOf(vec![ClaimValue::Text(value.to_owned())]);
        Self::Is { claim: ClaimPath::name(claim), wanted }
    }

    /// Makes the rule that a claim with a plain name is `true`.
    pub(super) fn is_true(claim: &str) -> Self {
        let wanted = ClaimTest::OneOf(vec![ClaimValue::Boolean(true)]);
        Self::Is { claim: ClaimPath::name(claim), wanted }
    }

    /// Makes the rule that one of some claims with plain names is there.
    pub(super) fn present(claims: &[&str]) -> Self {
        Self::AnyPresent { claims: claims.iter().map(|claim| ClaimPath::name(claim)).collect() }
    }

    /// Compiles a table of claims, and reports mistakes at `at`.
    pub(super) fn compile(
        compiler: &mut Compiler<'_>,
        at: &Field,
        table: &BTreeMap<String, ClaimTest>,
    ) -> Vec<Self> {
        let mut rules = Vec::with_capacity(table.len());
        for (name, wanted) in table {
            match ClaimPath::parse(name) {
                Ok(claim) => rules.push(Self::Is { claim, wanted: wanted.clone() }),
                Err(error) => compiler.error(at.clone(), &format!("`{name}` {error}")),
            }
            if wanted.values().is_empty() {
                compiler.error(
                    at.clone(),
                    &format!("`{name}` lists no value: name one, or leave it out"),
                );
            }
        }
        rules
    }

    /// Returns what the rule wants, unless the claims meet it.
    pub(crate) fn refusal(&self, claims: &Claims) -> Option<String> {
        match self {
            Self::Is { claim, wanted } => {
                let found = claims.find(claim);
                if found.is_some_and(|value| wanted.is_met_by(value)) {
                    return None;
                }
                let hint =
                    found.and_then(Value::as_str).and_then(|found| wanted.github_hint(found));
                Some(format!("claim {self}{}", hint.unwrap_or_default()))
            }
            Self::AnyPresent { claims: names } => {
                let is_present = names.iter().any(|name| claims.find(name).is_some());
                (!is_present).then(|| format!("claim {self}"))
            }
        }
    }
}

/// Says what is wanted: `` `groups` must contain "staff" ``.
impl fmt::Display for ClaimRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is { claim, wanted } => write!(f, "`{claim}` must {wanted}"),
            Self::AnyPresent { claims } => {
                let names = claims.iter().map(ClaimPath::as_str).collect::<Vec<_>>();
                write!(f, "`{}` must be there", names.join("` or `"))
            }
        }
    }
}

impl ClaimTest {
    /// Returns the values that it names.
    pub(super) fn values(&self) -> &[ClaimValue] {
        match self {
            Self::OneOf(values) | Self::ContainsAny(values) | Self::ContainsAll(values) => values,
        }
    }

    /// Whether a claim passes the test. A value that is not a list counts as a list of one.
    fn is_met_by(&self, found: &Value) -> bool {
        let items = match found {
            Value::Array(items) => items.as_slice(),
            single => std::slice::from_ref(single),
        };
        let has = |value: &ClaimValue| items.iter().any(|item| value.is(item));
        match self {
            Self::OneOf(values) => values.iter().any(|value| value.is(found)),
            Self::ContainsAny(values) => values.iter().any(has),
            Self::ContainsAll(values) => !values.is_empty() && values.iter().all(has),
        }
    }

    /// Returns a hint if a GitHub subject differs from the pinned one by its ids only.
    fn github_hint(&self, found: &str) -> Option<String> {
        let names = without_github_ids(found)?;
        let is_pinned = self.values().iter().any(|value| *value == ClaimValue::Text(names.clone()));
        let hint = "; the token has the ids of owner and repository in it, as GitHub makes subjects since July \
                    2026: pin that form";
        is_pinned.then(|| hint.to_owned())
    }
}

/// Returns a GitHub subject (`repo:octo@1/app@2:ref:…`) as it was before it had ids
/// (`repo:octo/app:ref:…`).
fn without_github_ids(subject: &str) -> Option<String> {
    let (repository, rest) = subject.strip_prefix("repo:")?.split_once(':')?;
    let (owner, name) = repository.split_once('/')?;
    let (owner, _) = owner.rsplit_once('@')?;
    let (name, _) = name.rsplit_once('@')?;
    Some(format!("repo:{owner}/{name}:{rest}"))
}

/// Whether a text is a GitHub subject that names a repository without its ids.
pub(super) fn is_github_subject_without_ids(subject: &str) -> bool {
    let repository = subject.strip_prefix("repo:").and_then(|rest| rest.split(':').next());
    repository.is_some_and(|repository| !repository.contains('@'))
}

impl ClaimValue {
    /// Whether a claim has this value; numbers are compared by value.
    fn is(&self, found: &Value) -> bool {
        match (self, found) {
            (Self::Text(wanted), Value::String(found)) => wanted == found,
            (Self::Boolean(wanted), Value::Bool(found)) => wanted == found,
            (Self::Integer(wanted), Value::Number(found)) => match found.as_i64() {
                Some(found) => *wanted == found,
                // 42.0 is 42. Beyond 2^53 a double does not hold every whole number.
                None => found.as_f64().is_some_and(|found| {
                    wanted.unsigned_abs() <= 1 << 53 && found == *wanted as f64
                }),
            },
            (Self::Text(_) | Self::Boolean(_) | Self::Integer(_), _) => false,
        }
    }

    /// Returns the value as JSON.
    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::Text(text) => text.clone().into(),
            Self::Boolean(truth) => (*truth).into(),
            Self::Integer(number) => (*number).into(),
        }
    }
}

impl fmt::Display for ClaimTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listed: Vec<String> =
            self.values().iter().map(|value| value.to_json().to_string()).collect();
        let listed = listed.join(", ");
        match self {
            Self::OneOf(values) if values.len() == 1 => write!(f, "be {listed}"),
            Self::OneOf(_) => write!(f, "be one of {listed}"),
            Self::ContainsAny(values) if values.len() == 1 => write!(f, "contain {listed}"),
            Self::ContainsAny(_) => write!(f, "contain one of {listed}"),
            Self::ContainsAll(_) => write!(f, "contain all of {listed}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::schema::WrittenTest;

    fn is_met(test: Value, found: Value) -> bool {
        let WrittenTest(test) = serde_json::from_value(test).unwrap();
        test.is_met_by(&found)
    }

    #[test]
    fn a_claim_is_one_value_or_one_of_several_and_of_the_same_type() {
        for (test, found) in [
            (json!("a"), json!("a")),
            (json!(true), json!(true)),
            (json!(42), json!(42)),
            (json!(42), json!(42.0)),
            (json!(-1), json!(-1)),
            (json!(["a", 7]), json!(7)),
        ] {
            assert!(is_met(test.clone(), found.clone()), "{test} {found}");
        }
        for (test, found) in [
            (json!("a"), json!("A")),
            (json!("a"), json!(["a"])),
            (json!("true"), json!(true)),
            (json!(true), json!("true")),
            (json!(true), json!(1)),
            (json!("42"), json!(42)),
            (json!(42), json!("42")),
            (json!(42), json!(42.5)),
            (json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_992.0)),
            (json!(["a", "b"]), json!("c")),
            (json!("a"), json!({"a": 1})),
        ] {
            assert!(!is_met(test.clone(), found.clone()), "{test} {found}");
        }
    }

    #[test]
    fn a_list_contains_whole_elements_and_a_lone_value_is_a_list_of_one() {
        let list = json!(["staff", "buyers", 7]);
        for test in [
            json!({"contains": "buyers"}),
            json!({"contains": 7}),
            json!({"contains_any": ["x", "staff"]}),
            json!({"contains_all": ["staff", "buyers"]}),
        ] {
            assert!(is_met(test.clone(), list.clone()), "{test}");
        }
        for test in [
            json!({"contains": "buy"}),
            json!({"contains_any": ["x", "y"]}),
            json!({"contains_all": ["staff", "x"]}),
            json!({"contains_all": []}),
            json!({"contains_any": []}),
        ] {
            assert!(!is_met(test.clone(), list.clone()), "{test}");
        }
        assert!(is_met(json!({"contains": "buyers"}), json!("buyers")));
        assert!(!is_met(json!({"contains": "buyers"}), json!("no-buyers-here")));
        assert!(!is_met(json!({"contains": "buyers"}), json!({"buyers": true})));
        assert!(!is_met(json!({"contains": "buyers"}), json!([["buyers"]])));
    }

    #[test]
    fn a_github_subject_with_ids_is_refused_with_a_hint() {
        let pinned = ClaimRule::equals("sub", "repo:octo/app:ref:refs/heads/main");
        let ClaimRule::Is { wanted, .. } = &pinned else { panic!() };
        assert!(wanted.github_hint("repo:octo@1/app@2:ref:refs/heads/main").is_some());
        for other in [
            "repo:octo/app:ref:refs/heads/x",
            "repo:octo@1/lib@2:ref:refs/heads/main",
            "octo@1/app@2",
        ] {
            assert!(wanted.github_hint(other).is_none(), "{other}");
        }
        assert!(is_github_subject_without_ids("repo:octo/app:ref:refs/heads/main"));
        assert!(!is_github_subject_without_ids("repo:octo@1/app@2:ref:refs/heads/main"));
        assert!(!is_github_subject_without_ids("repository_owner:octo"));
    }
}
