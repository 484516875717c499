//! The claims of a token (RFC 7519, section 4), with the registered ones parsed.

mod claim_path;
mod numeric_date;

use std::fmt;

use serde_json::{Map, Value};

pub use claim_path::{ClaimPath, InvalidClaimPath};

use crate::{ClaimError, Confirmation, LogSafe, Timestamp};

/// A set of claims. Every registered claim in it has its type: parsing refuses the whole set if one
/// has another type, and never skips it. A claim that is `null` counts as absent.
#[derive(Clone, PartialEq)]
pub struct Claims {
    audience: Vec<String>,
    expires_at: Option<Timestamp>,
    not_before: Option<Timestamp>,
    issued_at: Option<Timestamp>,
    members: Map<String, Value>,
}

impl Claims {
    pub(crate) fn new(mut members: Map<String, Value>) -> Result<Self, ClaimError> {
        members.retain(|_, value| !value.is_null());
        for claim in ["iss", "sub", "jti"] {
            if members.get(claim).is_some_and(|value| !value.is_string()) {
                return Err(ill_typed(claim, "a string"));
            }
        }
        Ok(Self {
            audience: audience(&members)?,
            // Rounding never extends the time during which a token is valid.
            expires_at: numeric_date::rounded_down(&members, "exp")?,
            not_before: numeric_date::rounded_up(&members, "nbf")?,
            issued_at: numeric_date::rounded_up(&members, "iat")?,
            members,
        })
    }

    /// Returns `iss`, the issuer.
    pub fn issuer(&self) -> Option<&str> {
        self.string("iss")
    }

    /// Returns `sub`, the subject, which is unique together with the issuer only.
    pub fn subject(&self) -> Option<&str> {
        self.string("sub")
    }

    /// Returns `aud`, the audience. Empty if the token has none (parsing refuses an empty array).
    pub fn audience(&self) -> &[String] {
        &self.audience
    }

    /// Returns `exp`, rounded down to a millisecond. From then on, the token is not valid.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// Returns `nbf`, rounded up to a millisecond. Before then, the token is not valid.
    pub fn not_before(&self) -> Option<Timestamp> {
        self.not_before
    }

    /// Returns `iat`, the time of issue, rounded up to a millisecond.
    pub fn issued_at(&self) -> Option<Timestamp> {
        self.issued_at
    }

    /// Returns `jti`, the token's identifier.
    pub fn token_id(&self) -> Option<&str> {
        self.string("jti")
    }

    /// Returns how the token is bound to a key or certificate of its sender (`cnf`, RFC 7800). The
    /// caller must check the binding or refuse the token.
    pub fn confirmation(&self) -> Confirmation {
        Confirmation::of(self.members.get("cnf"))
    }

    /// Returns the claim with exactly this name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// Finds the claim that a path names.
    pub fn find(&self, path: &ClaimPath) -> Option<&Value> {
        path.find(&self.members)
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

fn audience(members: &Map<String, Value>) -> Result<Vec<String>, ClaimError> {
    let Some(value) = members.get("aud") else {
        return Ok(Vec::new());
    };
    let audience = strings("aud", value)?;
    Ok(audience.into_iter().map(str::to_owned).collect())
}

/// Reads a string, or an array of at least one string (RFC 7519, section 4.1.3).
pub(crate) fn strings<'a>(claim: &str, value: &'a Value) -> Result<Vec<&'a str>, ClaimError> {
    let strings = match value {
        Value::String(one) => Some(vec![one.as_str()]),
        Value::Array(many) if !many.is_empty() => many.iter().map(Value::as_str).collect(),
        _ => None,
    };
    strings.ok_or_else(|| ill_typed(claim, "a string or a non-empty array of strings"))
}

pub(crate) fn ill_typed(claim: &str, wanted: &'static str) -> ClaimError {
    ClaimError::IllTyped { claim: LogSafe::new(claim), wanted }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(value: Value) -> Result<Claims, ClaimError> {
        let Value::Object(members) = value else { panic!("an object") };
        Claims::new(members)
    }

    #[test]
    fn a_registered_claim_of_another_type_refuses_the_whole_set() {
        let not_strings = [json!(1), json!(true), json!(["a"]), json!({"a": 1})];
        for claim in ["iss", "sub", "jti"] {
            for value in &not_strings {
                let found = claims(json!({ claim: value }));
                assert!(matches!(found, Err(ClaimError::IllTyped { .. })), "{claim} {value}");
            }
        }
        let not_dates = [json!("1"), json!(true), json!([1]), json!({}), json!(-1), json!(1e300)];
        for claim in ["exp", "nbf", "iat"] {
            for value in &not_dates {
                let found = claims(json!({ claim: value }));
                assert!(matches!(found, Err(ClaimError::IllTyped { .. })), "{claim} {value}");
            }
        }
        for aud in [json!(1), json!([]), json!({}), json!(["a", 1]), json!([["a"]]), json!([null])]
        {
            let found = claims(json!({ "aud": aud }));
            assert!(matches!(found, Err(ClaimError::IllTyped { .. })), "{aud}");
        }
    }

    #[test]
    fn absent_claims_are_absent() {
        let claims = claims(json!({})).unwrap();
        assert_eq!((claims.issuer(), claims.subject(), claims.token_id()), (None, None, None));
        assert_eq!(
            (claims.expires_at(), claims.not_before(), claims.issued_at()),
            (None, None, None)
        );
        assert!(claims.audience().is_empty());
        assert_eq!(claims.confirmation(), Confirmation::Bearer);
    }

    #[test]
    fn an_audience_is_one_string_or_several() {
        for (aud, audience) in [
            (json!("a"), &["a"][..]),
            (json!("a b"), &["a b"]),
            (json!(["a", "b", "a"]), &["a", "b", "a"]),
        ] {
            assert_eq!(claims(json!({ "aud": aud })).unwrap().audience(), audience);
        }
    }

    #[test]
    fn times_are_rounded_against_the_bearer() {
        let claims = claims(json!({"exp": 10.0009, "nbf": 5.0001, "iat": 5.0001})).unwrap();
        assert_eq!(claims.expires_at(), Some(Timestamp::from_millis(10_000)));
        assert_eq!(claims.not_before(), Some(Timestamp::from_millis(5_001)));
        assert_eq!(claims.issued_at(), Some(Timestamp::from_millis(5_001)));
    }

    #[test]
    fn a_binding_of_any_form_is_a_binding() {
        for cnf in [json!({"jkt": "x"}), json!({}), json!(false), json!("x"), json!([])] {
            let claims = claims(json!({ "cnf": cnf })).unwrap();
            assert_eq!(claims.confirmation(), Confirmation::Unverifiable, "{cnf}");
        }
    }

    #[test]
    fn a_claim_that_is_null_is_absent() {
        let claims = claims(json!({
            "iss": null, "sub": null, "jti": null, "aud": null,
            "exp": null, "nbf": null, "iat": null,
            "cnf": null, "scope": null,
        }))
        .unwrap();
        assert_eq!((claims.issuer(), claims.subject(), claims.token_id()), (None, None, None));
        assert_eq!(
            (claims.expires_at(), claims.not_before(), claims.issued_at()),
            (None, None, None)
        );
        assert!(claims.audience().is_empty() && claims.get("scope").is_none());
        assert_eq!(claims.confirmation(), Confirmation::Bearer);
    }

    #[test]
    fn debug_shows_nothing_about_people() {
        let claims =
            claims(json!({"iss": "i", "sub": "alice", "email": "alice@example.com"})).unwrap();
        assert!(!format!("{claims:?}").contains("alice"));
    }
}
