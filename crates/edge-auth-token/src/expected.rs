//! What a token's claims must say to be accepted by one issuer's configuration.

use std::time::Duration;

use crate::claims::strings;
use crate::header::is_media_type;
use crate::{ClaimError, Claims, Excerpt, Timestamp, VerifiedToken};

/// What is expected of a token's type, issuer, audience and times. `exp` is always required.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
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
        claim: String,
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
    /// Any or none: an ID token of the same issuer and audience passes, too.
    Any,
}

impl Expected {
    /// Checks a token at `now`. To be asked on every use of a token, also of one that was verified
    /// before and kept.
    ///
    /// # Errors
    /// The first of these that does not hold: `iss`, `typ`, audience, `exp`, `nbf`, `iat`, lifetime.
    pub fn check(&self, token: &VerifiedToken, now: Timestamp) -> Result<(), ClaimError> {
        let claims = token.claims();
        self.check_issuer(claims)?;
        self.token_type.check(token.token_type())?;
        self.audience.check(claims)?;
        self.check_times(claims, now)
    }

    fn check_issuer(&self, claims: &Claims) -> Result<(), ClaimError> {
        let found = claims.issuer().ok_or_else(|| missing("iss"))?;
        if found != self.issuer {
            return Err(ClaimError::IssuerMismatch {
                found: Excerpt::new(found),
                wanted: Excerpt::new(&self.issuer),
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
        let found = claims.get(claim).ok_or_else(|| missing(claim))?;
        let found = strings(claim, found)?;
        if !found.iter().any(|audience| values.contains(audience)) {
            return Err(ClaimError::AudienceMismatch {
                claim: Excerpt::new(claim),
                found: Excerpt::list(found.iter().map(String::as_str)),
                wanted: Excerpt::list(values.iter().map(String::as_str)),
            });
        }
        Ok(())
    }
}

impl TokenType {
    fn check(&self, found: Option<&str>) -> Result<(), ClaimError> {
        let wanted = match self {
            Self::Any => return Ok(()),
            Self::Exactly(wanted) => std::slice::from_ref(wanted),
            Self::OneOf(wanted) => wanted,
        };
        if found.is_some_and(|found| wanted.iter().any(|wanted| is_media_type(found, wanted))) {
            return Ok(());
        }
        Err(ClaimError::TokenTypeMismatch {
            found: found.map(Excerpt::new),
            wanted: Excerpt::list(wanted.iter().map(String::as_str)),
        })
    }
}

fn missing(claim: &str) -> ClaimError {
    ClaimError::Missing {
        claim: Excerpt::new(claim),
    }
}
