use serde_json::{Value, json};

use super::*;
use crate::testing::verified;

const NOW: u64 = 1_000_000;

fn expected() -> Validation {
    Validation {
        issuer: "https://issuer.example/".to_owned(),
        audience: Audience::AnyOf {
            claim: ClaimPath::name("aud"),
            values: vec!["api".to_owned(), "api2".to_owned()],
        },
        token_type: TokenType::Exactly("at+jwt".to_owned()),
        max_lifetime: None,
        clock_skew: Duration::ZERO,
    }
}

fn good() -> Value {
    json!({"iss": "https://issuer.example/", "aud": "api", "exp": NOW + 60})
}

/// Good claims with one of them replaced, or removed if the value is `null`.
fn with(claim: &str, value: Value) -> Value {
    let mut claims = good();
    let members = claims.as_object_mut().unwrap();
    match value {
        Value::Null => members.remove(claim),
        value => members.insert(claim.to_owned(), value),
    };
    claims
}

fn check(expected: &Validation, claims: &Value) -> Result<(), ClaimError> {
    expected.check(&verified(Some("at+jwt"), claims), Timestamp::from_seconds(NOW))
}

fn missing(claim: &str) -> Result<(), ClaimError> {
    Err(super::missing(claim))
}

#[test]
fn the_type_is_checked() {
    let now = Timestamp::from_seconds(NOW);
    let found = expected().check(&verified(Some("JWT"), &good()), now);
    assert!(matches!(found, Err(ClaimError::TokenTypeMismatch { .. })));
}

#[test]
fn issuer_audience_and_expiry_are_mandatory() {
    assert_eq!(check(&expected(), &good()), Ok(()));
    for claim in ["iss", "aud", "exp"] {
        assert_eq!(check(&expected(), &with(claim, json!(null))), missing(claim));
    }
}

#[test]
fn the_issuer_is_compared_byte_for_byte() {
    for iss in
        ["https://issuer.example", "https://ISSUER.example/", "https://issuer.example//", "", "x"]
    {
        let found = check(&expected(), &with("iss", json!(iss)));
        assert!(matches!(found, Err(ClaimError::IssuerMismatch { .. })), "{iss}");
    }
}

#[test]
fn one_of_the_audiences_must_be_ours() {
    for aud in [json!("api2"), json!(["x", "api"]), json!(["api", "api"])] {
        assert_eq!(check(&expected(), &with("aud", aud)), Ok(()));
    }
    for aud in
        [json!("API"), json!("api "), json!("api api2"), json!(["x", "y"]), json!(""), json!("ap")]
    {
        let found = check(&expected(), &with("aud", aud.clone()));
        assert!(matches!(found, Err(ClaimError::AudienceMismatch { .. })), "{aud}");
    }
}

#[test]
fn the_audience_may_come_from_another_claim() {
    let mut expected = expected();
    expected.audience =
        Audience::AnyOf { claim: ClaimPath::name("client_id"), values: vec!["app".to_owned()] };
    assert_eq!(check(&expected, &with("client_id", json!("app"))), Ok(()));
    assert_eq!(check(&expected, &good()), missing("client_id"));
    for value in [json!(1), json!({"app": 1}), json!([]), json!([1]), json!(true)] {
        let found = check(&expected, &with("client_id", value.clone()));
        assert!(matches!(found, Err(ClaimError::IllTyped { .. })), "{value}");
    }
}

#[test]
fn an_empty_list_of_audiences_refuses_every_token() {
    let mut expected = expected();
    expected.audience = Audience::AnyOf { claim: ClaimPath::name("aud"), values: Vec::new() };
    assert!(check(&expected, &good()).is_err());
    expected.audience = Audience::Unchecked;
    assert_eq!(check(&expected, &with("aud", json!(null))), Ok(()));
}

#[test]
fn a_token_expires_at_exp_plus_the_skew() {
    let mut expected = expected();
    assert!(matches!(check(&expected, &with("exp", json!(NOW))), Err(ClaimError::Expired { .. })));
    assert!(matches!(check(&expected, &with("exp", json!(0))), Err(ClaimError::Expired { .. })));
    assert_eq!(check(&expected, &with("exp", json!(NOW + 1))), Ok(()));
    assert_eq!(check(&expected, &with("exp", json!(NOW as f64 + 0.001))), Ok(()));
    assert!(check(&expected, &with("exp", json!(NOW as f64 + 0.0005))).is_err());
    expected.clock_skew = Duration::from_secs(30);
    assert_eq!(check(&expected, &with("exp", json!(NOW - 29))), Ok(()));
    assert!(check(&expected, &with("exp", json!(NOW - 30))).is_err());
    assert_eq!(check(&expected, &with("exp", json!(1_u64 << 53))), Ok(()));
}

#[test]
fn a_token_from_the_future_is_refused() {
    let mut expected = expected();
    for (claim, later) in [("nbf", 1), ("iat", 1), ("nbf", 1 << 40), ("iat", 1 << 40)] {
        assert_eq!(check(&expected, &with(claim, json!(NOW))), Ok(()));
        assert!(check(&expected, &with(claim, json!(NOW + later))).is_err(), "{claim}");
    }
    expected.clock_skew = Duration::from_secs(30);
    for claim in ["nbf", "iat"] {
        assert_eq!(check(&expected, &with(claim, json!(NOW + 30))), Ok(()));
    }
    let found = check(&expected, &with("nbf", json!(NOW + 31)));
    assert!(matches!(found, Err(ClaimError::NotYetValid { .. })));
    let found = check(&expected, &with("iat", json!(NOW + 31)));
    assert!(matches!(found, Err(ClaimError::IssuedInFuture { .. })));
}

#[test]
fn a_limit_on_the_lifetime_requires_iat() {
    let mut expected = expected();
    expected.max_lifetime = Some(Duration::from_secs(100));
    assert_eq!(check(&expected, &good()), missing("iat"));
    assert_eq!(check(&expected, &with("iat", json!(NOW - 40))), Ok(()));
    assert_eq!(
        check(&expected, &with("iat", json!(NOW - 41))),
        Err(ClaimError::LifetimeTooLong {
            lifetime: Duration::from_secs(101),
            limit: Duration::from_secs(100),
        })
    );
}

#[test]
fn a_cached_token_is_checked_again() {
    let token = verified(Some("at+jwt"), &good());
    let mut other = expected();
    other.audience =
        Audience::AnyOf { claim: ClaimPath::name("aud"), values: vec!["other".to_owned()] };
    assert_eq!(expected().check(&token, Timestamp::from_seconds(NOW)), Ok(()));
    assert!(other.check(&token, Timestamp::from_seconds(NOW)).is_err());
    assert!(expected().check(&token, Timestamp::from_seconds(NOW + 60)).is_err());
}

#[test]
fn errors_shorten_and_escape_values_of_a_token() {
    let hostile = format!("evil\n{}", "x".repeat(5000));
    for (claim, value) in [
        ("iss", json!(hostile)),
        ("aud", json!([hostile, hostile])),
        ("aud", json!(vec!["y"; 999])),
    ] {
        let message = check(&expected(), &with(claim, value)).unwrap_err().to_string();
        assert!(message.len() < 400 && !message.contains('\n'), "{message}");
    }
    let token = verified(Some(&hostile), &good());
    let message = expected().check(&token, Timestamp::from_seconds(NOW)).unwrap_err().to_string();
    assert!(message.len() < 400 && !message.contains('\n'), "{message}");
}
