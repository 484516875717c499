//! Conditions on claims: of an `[[issuer]]` for each of its tokens, of a `[[rule]]` for tokens that
//! pass it.

use std::fmt;

use edge_auth_token::{ClaimPath, Claims};
use serde::{Deserialize, Serialize};
use serde_json::Value;

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
    pub(super) fn is_met_by(&self, found: &Value) -> bool {
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
    pub(super) fn github_hint(&self, found: &str) -> Option<String> {
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
