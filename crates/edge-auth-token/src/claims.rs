//! The claims of a token (RFC 7519, section 4): the registered ones parsed, all of them at hand.

mod numeric_date;

use std::fmt;

use serde_json::{Map, Value};

use crate::{ClaimError, Excerpt, Timestamp};

/// A set of claims. Every registered claim in it has its type: one with another type makes the
/// whole set refused, it is never skipped.
#[derive(Clone, PartialEq)]
pub struct Claims {
    audience: Vec<String>,
    expires_at: Option<Timestamp>,
    not_before: Option<Timestamp>,
    issued_at: Option<Timestamp>,
    members: Map<String, Value>,
}

impl Claims {
    pub(crate) fn new(members: Map<String, Value>) -> Result<Self, ClaimError> {
        for claim in ["iss", "sub", "jti"] {
            if members.get(claim).is_some_and(|value| !value.is_string()) {
                return Err(ill_typed(claim, "a string"));
            }
        }
        Ok(Self {
            audience: members
                .get("aud")
                .map_or(Ok(Vec::new()), |value| strings("aud", value))?,
            // Rounded so that a token is never valid longer than it says.
            expires_at: numeric_date::rounded_down(&members, "exp")?,
            not_before: numeric_date::rounded_up(&members, "nbf")?,
            issued_at: numeric_date::rounded_up(&members, "iat")?,
            members,
        })
    }

    /// `iss`: who issued the token.
    pub fn issuer(&self) -> Option<&str> {
        self.string("iss")
    }

    /// `sub`: whom it is about, unique with its issuer only.
    pub fn subject(&self) -> Option<&str> {
        self.string("sub")
    }

    /// `aud`: for whom it is. Empty if the token does not say (an empty array is refused).
    pub fn audience(&self) -> &[String] {
        &self.audience
    }

    /// `exp`, rounded down to a millisecond: from then on, the token is not valid.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// `nbf`, rounded up to a millisecond: before then, the token is not valid.
    pub fn not_before(&self) -> Option<Timestamp> {
        self.not_before
    }

    /// `iat`, rounded up to a millisecond: when it was issued.
    pub fn issued_at(&self) -> Option<Timestamp> {
        self.issued_at
    }

    /// `jti`: the token's own identifier.
    pub fn token_id(&self) -> Option<&str> {
        self.string("jti")
    }

    /// Whether the token says that it is bound to a key or certificate of its sender (`cnf`,
    /// RFC 7800), in a way that is understood or not. A binding that is not checked must refuse.
    pub fn is_bound(&self) -> bool {
        self.members.contains_key("cnf")
    }

    /// The claim with exactly this name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// The claim with exactly this name (`https://example.com/roles`), or else the one that the
    /// dots lead to (`realm_access.roles`).
    pub fn lookup(&self, path: &str) -> Option<&Value> {
        if let Some(value) = self.get(path) {
            return Some(value);
        }
        let mut steps = path.split('.');
        let first = self.get(steps.next()?)?;
        steps.try_fold(first, |value, step| value.as_object()?.get(step))
    }

    fn string(&self, claim: &str) -> Option<&str> {
        self.members.get(claim).and_then(Value::as_str)
    }
}

/// Shows issuer and token identifier only: claims are about people.
impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims")
            .field("issuer", &self.issuer())
            .field("token_id", &self.token_id())
            .finish_non_exhaustive()
    }
}

/// A string, or an array of at least one string (RFC 7519, section 4.1.3).
pub(crate) fn strings(claim: &str, value: &Value) -> Result<Vec<String>, ClaimError> {
    let wanted = || ill_typed(claim, "a string or a non-empty array of strings");
    match value {
        Value::String(one) => Ok(vec![one.clone()]),
        Value::Array(many) if !many.is_empty() => many
            .iter()
            .map(|item| item.as_str().map(str::to_owned).ok_or_else(wanted))
            .collect(),
        _ => Err(wanted()),
    }
}

pub(crate) fn ill_typed(claim: &str, wanted: &'static str) -> ClaimError {
    ClaimError::IllTyped {
        claim: Excerpt::new(claim),
        wanted,
    }
}
