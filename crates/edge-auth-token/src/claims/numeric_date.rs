//! `NumericDate` (RFC 7519, section 2): seconds since the epoch, with or without a fraction.

use serde_json::{Map, Value};

use super::ill_typed;
use crate::{ClaimError, Timestamp};

/// Above 2^53, a double cannot represent every second.
const MAX_SECONDS: u64 = 1 << 53;

/// Reads the claim, if present, in milliseconds, rounded down.
pub(super) fn rounded_down(
    members: &Map<String, Value>,
    claim: &str,
) -> Result<Option<Timestamp>, ClaimError> {
    parse(members, claim, f64::floor)
}

/// Reads the claim, if present, in milliseconds, rounded up.
pub(super) fn rounded_up(
    members: &Map<String, Value>,
    claim: &str,
) -> Result<Option<Timestamp>, ClaimError> {
    parse(members, claim, f64::ceil)
}

fn parse(
    members: &Map<String, Value>,
    claim: &str,
    round: fn(f64) -> f64,
) -> Result<Option<Timestamp>, ClaimError> {
    let Some(value) = members.get(claim) else {
        return Ok(None);
    };
    match millis(value, round) {
        Some(millis) => Ok(Some(Timestamp::from_millis(millis))),
        None => Err(ill_typed(claim, "a number of seconds from 0 to 2^53")),
    }
}

fn millis(value: &Value, round: fn(f64) -> f64) -> Option<u64> {
    if let Some(seconds) = value.as_u64() {
        return if seconds <= MAX_SECONDS { Some(seconds * 1000) } else { None };
    }
    let seconds = value.as_f64()?;
    if !(0.0..=MAX_SECONDS as f64).contains(&seconds) {
        return None;
    }
    // In this range the product is exact enough, and the conversion cannot saturate.
    Some(round(seconds * 1000.0) as u64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn down(value: Value) -> Option<u64> {
        millis(&value, f64::floor)
    }

    fn up(value: Value) -> Option<u64> {
        millis(&value, f64::ceil)
    }

    #[test]
    fn seconds_become_milliseconds() {
        assert_eq!(down(json!(0)), Some(0));
        assert_eq!(down(json!(1_700_000_000)), Some(1_700_000_000_000));
        assert_eq!(down(json!(1_700_000_000.0)), Some(1_700_000_000_000));
        assert_eq!(down(json!(1.7e9)), Some(1_700_000_000_000));
        assert_eq!(down(json!(1_u64 << 53)), Some((1 << 53) * 1000));
        assert_eq!(down(json!(-0.0)), Some(0));
    }

    #[test]
    fn fractions_are_rounded_against_the_bearer() {
        assert_eq!(down(json!(1.2999)), Some(1299));
        assert_eq!(up(json!(1.2991)), Some(1300));
        assert_eq!(up(json!(1e-9)), Some(1));
        assert_eq!(down(json!(1e-9)), Some(0));
    }

    #[test]
    fn anything_but_a_date_is_refused() {
        for value in [
            json!("1700000000"),
            json!(""),
            json!(null),
            json!(true),
            json!([1_700_000_000]),
            json!({}),
            json!(-1),
            json!(-0.5),
            json!(i64::MIN),
            json!((1_u64 << 53) + 1),
            json!(u64::MAX),
            json!(9.1e15),
            json!(1e300),
            json!(f64::MAX),
        ] {
            assert_eq!(down(value.clone()), None, "{value}");
            assert_eq!(up(value.clone()), None, "{value}");
        }
    }
}
