//! What a token's claims must say to be accepted by one issuer's configuration.

use std::time::Duration;

use crate::claims::strings;
use crate::header::is_media_type;
use crate::{ClaimError, ClaimPath, Claims, LogSafe, Timestamp, VerifiedToken};

/// What is expected of a token's type, issuer, audience and times. `exp` is always required.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validation {
    /// `iss`, compared byte for byte.
    pub issuer: String,
    /// For whom the token must be.
    pub audience: Audience,
    /// What kind of token it must be.
    pub token_type: TokenType,
    /// The longest time from `iat` to `exp`; with it, `iat` is required.
    pub max_lifetime: Option<Duration>,
    /// How far the issuer's clock and ours may differ.
    pub clock_skew: Duration,
}

/// For whom a token must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// The claim is one of `values`, or an array with one of them in it.
    AnyOf {
        /// `aud`, or what some issuers write instead, like `client_id`.
        claim: ClaimPath,
        /// The accepted values, compared byte for byte. If there are none, no token is accepted.
        values: Vec<String>,
    },
    /// Tokens for anybody are accepted. Insecure unless the issuer serves one audience only.
    Unchecked,
}

/// What kind of token is wanted: the header's `typ` (RFC 8725, section 3.11), compared as a media
/// type: without regard to case, and with or without `application/` (RFC 7515, section 4.1.9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenType {
    /// This one, like `at+jwt` (RFC 9068, section 2.1). A token without `typ` is refused.
    Exactly(String),
    /// One of these. A token without `typ` is refused.
    OneOf(Vec<String>),
    /// One of these, or none at all (JWT-SVIDs, for example).
    OneOfOrNone(Vec<String>),
    /// Any or none: an ID token of the same issuer and audience passes, too.
    Any,
}

/// The types of JWTs that are something else than an access token, by their registrations: proofs,
/// events, requests, attestations, statements. No issuer may use one of these for access tokens.
const OTHER_KINDS: &[&str] = &[
    "alternate-request+jwt",
    "client-authentication+jwt",
    "dc+sd-jwt",
    "dpop+jwt",
    "entity-statement+jwt",
    "explicit-registration-response+jwt",
    "jwk-set+jwt",
    "kb+jwt",
    "logout+jwt",
    "oauth-authz-req+jwt",
    "oauth-client-attestation+jwt",
    "oauth-client-attestation-pop+jwt",
    "oauth-id-jag+jwt",
    "openid4vci-proof+jwt",
    "passport",
    "resolve-response+jwt",
    "secevent+jwt",
    "sd-jwt",
    "software-statement+jwt",
    "statuslist+jwt",
    "token-introspection+jwt",
    "trust-mark+jwt",
    "trust-mark-delegation+jwt",
    "trust-mark-status-response+jwt",
    "vc+jwt",
    "vc+sd-jwt",
    "vc-ld+jwt",
    "vp+jwt",
    "wpt+jwt",
];

impl TokenType {
    /// Whether a `typ` is one that is known to be something else than an access token. Such a token
    /// is refused whatever is expected, [`TokenType::Any`] included.
    pub fn is_other_kind(token_type: &str) -> bool {
        OTHER_KINDS.iter().any(|kind| is_media_type(token_type, kind))
    }
}

impl Validation {
    /// Checks a token at `now`. To be asked on every use of a token, also of one that was verified
    /// before and kept.
    ///
    /// # Errors The first of these that does not hold: `iss`, `typ`, audience, `exp`, `nbf`, `iat`,
    /// lifetime.
    pub fn check(&self, token: &VerifiedToken, now: Timestamp) -> Result<(), ClaimError> {
        self.check_issuer(token.claims())?;
        self.check_beside_issuer(token, now)
    }

    /// Checks all but `iss`, for a caller that has found the issuer in another way: by a tenant's
    /// form of it, or by the trust domain of `sub`.
    ///
    /// # Errors
    /// As [`Self::check`], without `IssuerMismatch`.
    pub fn check_beside_issuer(
        &self,
        token: &VerifiedToken,
        now: Timestamp,
    ) -> Result<(), ClaimError> {
        self.check_kind(token.token_type(), token.claims())?;
        self.check_times(token.claims(), now)
    }

    /// Checks type and audience: whether the token is one of those that are expected at all. Asked
    /// of claims that are not verified yet, it tells which of several configurations a token is
    /// for.
    ///
    /// # Errors
    /// `TokenTypeMismatch`, `OtherKind`, and those of the audience.
    pub fn check_kind(&self, token_type: Option<&str>, claims: &Claims) -> Result<(), ClaimError> {
        self.token_type.check(token_type)?;
        self.audience.check(claims)
    }

    fn check_issuer(&self, claims: &Claims) -> Result<(), ClaimError> {
        let found = claims.issuer().ok_or_else(|| missing("iss"))?;
        if found != self.issuer {
            return Err(ClaimError::IssuerMismatch {
                found: LogSafe::new(found),
                wanted: LogSafe::new(&self.issuer),
            });
        }
        Ok(())
    }

    fn check_times(&self, claims: &Claims, now: Timestamp) -> Result<(), ClaimError> {
        let expired_at = claims.expires_at().ok_or_else(|| missing("exp"))?;
        if now >= expired_at.plus(self.clock_skew) {
            return Err(ClaimError::Expired { expired_at, now });
        }
        let latest = now.plus(self.clock_skew);
        if let Some(not_before) = claims.not_before().filter(|&time| time > latest) {
            return Err(ClaimError::NotYetValid { not_before, now });
        }
        if let Some(issued_at) = claims.issued_at().filter(|&time| time > latest) {
            return Err(ClaimError::IssuedInFuture { issued_at, now });
        }
        if let Some(limit) = self.max_lifetime {
            let issued_at = claims.issued_at().ok_or_else(|| missing("iat"))?;
            let lifetime = expired_at.since(issued_at);
            if lifetime > limit {
                return Err(ClaimError::LifetimeTooLong { lifetime, limit });
            }
        }
        Ok(())
    }
}

impl Audience {
    fn check(&self, claims: &Claims) -> Result<(), ClaimError> {
        let Self::AnyOf { claim, values } = self else {
            return Ok(());
        };
        let found = claims.find(claim).ok_or_else(|| missing(claim.as_str()))?;
        if found.as_str().is_some_and(|audience| values.iter().any(|value| value == audience)) {
            return Ok(());
        }
        let found = strings(claim.as_str(), found)?;
        if !found.iter().any(|audience| values.iter().any(|value| value == audience)) {
            return Err(ClaimError::AudienceMismatch {
                claim: LogSafe::new(claim.as_str()),
                found: LogSafe::list(found),
                wanted: LogSafe::list(values.iter().map(String::as_str)),
            });
        }
        Ok(())
    }
}

impl TokenType {
    fn check(&self, found: Option<&str>) -> Result<(), ClaimError> {
        if let Some(found) = found.filter(|found| Self::is_other_kind(found)) {
            return Err(ClaimError::OtherKind { found: LogSafe::new(found) });
        }
        let wanted = match self {
            Self::Any => return Ok(()),
            Self::OneOfOrNone(_) if found.is_none() => return Ok(()),
            Self::Exactly(wanted) => std::slice::from_ref(wanted),
            Self::OneOf(wanted) | Self::OneOfOrNone(wanted) => wanted,
        };
        if found.is_some_and(|found| wanted.iter().any(|wanted| is_media_type(found, wanted))) {
            return Ok(());
        }
        Err(ClaimError::TokenTypeMismatch {
            found: found.map(LogSafe::new),
            wanted: LogSafe::list(wanted.iter().map(String::as_str)),
        })
    }
}

fn missing(claim: &str) -> ClaimError {
    ClaimError::Missing { claim: LogSafe::new(claim) }
}

#[cfg(test)]
mod tests {
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

    /// Good claims with one changed, or taken away by `null`.
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
    fn what_is_known_to_be_something_else_is_no_access_token_whatever_is_expected() {
        let now = Timestamp::from_seconds(NOW);
        let kinds =
            ["dpop+jwt", "logout+jwt", "application/secevent+jwt", "Token-Introspection+JWT"];
        for kind in kinds.iter().chain(OTHER_KINDS) {
            for token_type in [
                TokenType::Any,
                TokenType::OneOfOrNone(vec!["JWT".to_owned()]),
                TokenType::Exactly((*kind).to_owned()),
            ] {
                let expected = Validation { token_type, ..expected() };
                let found = expected.check(&verified(Some(kind), &good()), now);
                assert!(matches!(found, Err(ClaimError::OtherKind { .. })), "{kind}");
            }
        }
    }

    #[test]
    fn a_type_that_may_be_left_out_must_be_right_where_it_is_there() {
        let token_type = TokenType::OneOfOrNone(vec!["JWT".to_owned(), "JOSE".to_owned()]);
        let expected = Validation { token_type, ..expected() };
        let check =
            |found| expected.check(&verified(found, &good()), Timestamp::from_seconds(NOW)).is_ok();
        assert!(check(None) && check(Some("JWT")) && check(Some("jose")));
        assert!(!check(Some("at+jwt")) && !check(Some("")));
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
        for iss in [
            "https://issuer.example",
            "https://ISSUER.example/",
            "https://issuer.example//",
            "",
            "x",
        ] {
            let found = check(&expected(), &with("iss", json!(iss)));
            assert!(matches!(found, Err(ClaimError::IssuerMismatch { .. })), "{iss}");
        }
    }

    #[test]
    fn one_of_the_audiences_must_be_ours() {
        for aud in [json!("api2"), json!(["x", "api"]), json!(["api", "api"])] {
            assert_eq!(check(&expected(), &with("aud", aud)), Ok(()));
        }
        for aud in [
            json!("API"),
            json!("api "),
            json!("api api2"),
            json!(["x", "y"]),
            json!(""),
            json!("ap"),
        ] {
            let found = check(&expected(), &with("aud", aud.clone()));
            assert!(matches!(found, Err(ClaimError::AudienceMismatch { .. })), "{aud}");
        }
    }

    #[test]
    fn the_audience_may_be_another_claim() {
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
    fn without_accepted_audiences_no_token_is_accepted() {
        let mut expected = expected();
        expected.audience = Audience::AnyOf { claim: ClaimPath::name("aud"), values: Vec::new() };
        assert!(check(&expected, &good()).is_err());
        expected.audience = Audience::Unchecked;
        assert_eq!(check(&expected, &with("aud", json!(null))), Ok(()));
    }

    #[test]
    fn an_id_token_is_not_an_access_token() {
        let now = Timestamp::from_seconds(NOW);
        for typ in [None, Some("JWT"), Some("id_token+jwt"), Some("at+jwt "), Some("")] {
            let found = expected().check(&verified(typ, &good()), now);
            assert!(matches!(found, Err(ClaimError::TokenTypeMismatch { .. })), "{typ:?}");
        }
        for typ in ["at+jwt", "AT+JWT", "application/at+jwt"] {
            assert_eq!(expected().check(&verified(Some(typ), &good()), now), Ok(()));
        }
    }

    #[test]
    fn a_token_type_may_be_one_of_several_or_any() {
        let now = Timestamp::from_seconds(NOW);
        let mut expected = expected();
        expected.token_type = TokenType::OneOf(vec!["at+jwt".to_owned(), "JWT".to_owned()]);
        assert_eq!(expected.check(&verified(Some("jwt"), &good()), now), Ok(()));
        assert!(expected.check(&verified(None, &good()), now).is_err());
        assert!(expected.check(&verified(Some("dpop+jwt"), &good()), now).is_err());
        expected.token_type = TokenType::OneOf(Vec::new());
        assert!(expected.check(&verified(Some("jwt"), &good()), now).is_err());
        expected.token_type = TokenType::Any;
        assert_eq!(expected.check(&verified(None, &good()), now), Ok(()));
    }

    #[test]
    fn a_token_ends_at_its_expiry_and_the_skew_later_at_most() {
        let mut expected = expected();
        assert!(matches!(
            check(&expected, &with("exp", json!(NOW))),
            Err(ClaimError::Expired { .. })
        ));
        assert!(matches!(
            check(&expected, &with("exp", json!(0))),
            Err(ClaimError::Expired { .. })
        ));
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
    fn a_limit_on_the_lifetime_needs_to_know_when_it_began() {
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
    fn a_kept_token_is_checked_against_what_is_asked_now() {
        let token = verified(Some("at+jwt"), &good());
        let mut other = expected();
        other.audience =
            Audience::AnyOf { claim: ClaimPath::name("aud"), values: vec!["other".to_owned()] };
        assert_eq!(expected().check(&token, Timestamp::from_seconds(NOW)), Ok(()));
        assert!(other.check(&token, Timestamp::from_seconds(NOW)).is_err());
        assert!(expected().check(&token, Timestamp::from_seconds(NOW + 60)).is_err());
    }

    #[test]
    fn what_a_token_says_is_bounded_and_escaped_in_errors() {
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
        let message =
            expected().check(&token, Timestamp::from_seconds(NOW)).unwrap_err().to_string();
        assert!(message.len() < 400 && !message.contains('\n'), "{message}");
    }
}
