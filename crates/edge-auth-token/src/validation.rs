//! The type, issuer, audience and times that a token of one issuer must have.

mod token_type;

use std::time::Duration;

pub use token_type::TokenType;

use serde::{Deserialize, Serialize};

use crate::claims::strings;
use crate::{ClaimError, ClaimPath, Claims, LogSafe, Timestamp, VerifiedToken};

/// The requirements on a token's type, issuer, audience and times. `exp` is always required.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Validation {
    /// `iss`, compared byte for byte.
    pub issuer: String,
    /// The accepted audiences.
    pub audience: Audience,
    /// The accepted kinds of tokens.
    pub token_type: TokenType,
    /// The longest time from `iat` to `exp`. If set, `iat` is required.
    pub max_lifetime: Option<Duration>,
    /// The largest accepted difference between the issuer's clock and ours.
    pub clock_skew: Duration,
}

/// The audiences that a token may have.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum Audience {
    /// The claim is one of `values`, or an array with one of them in it.
    AnyOf {
        /// `aud`, or the claim that the issuer writes instead, like `client_id`.
        claim: ClaimPath,
        /// The accepted values, compared byte for byte. An empty list refuses every token.
        values: Vec<String>,
    },
    /// Accepts tokens for any audience. Insecure unless the issuer serves one audience only.
    Unchecked,
}

impl Validation {
    /// Checks a token at `now`. Call it on every use of a token, also of a cached one.
    ///
    /// # Errors
    /// The first failed check, in this order: `iss`, `typ`, audience, `exp`, `nbf`, `iat`,
    /// lifetime.
    pub fn check(&self, token: &VerifiedToken, now: Timestamp) -> Result<(), ClaimError> {
        self.check_issuer(token.claims())?;
        self.check_beside_issuer(token, now)
    }

    /// Checks everything but `iss`, for a caller that identified the issuer in another way: by a
    /// tenant's form of `iss`, or by the trust domain in `sub`.
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

    /// Checks type and audience. With claims that are not verified yet, the caller can select the
    /// configuration that a token is for.
    ///
    /// # Errors
    /// `TokenTypeMismatch`, `OtherKind`, `Missing`, `IllTyped`, `AudienceMismatch`.
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

    /// Checks the times only: for a token of which the rest was checked, and which cannot change.
    ///
    /// # Errors
    /// `Missing`, `Expired`, `NotYetValid`, `IssuedInFuture`, `LifetimeTooLong`.
    pub fn check_times(&self, claims: &Claims, now: Timestamp) -> Result<(), ClaimError> {
        let expired_at = claims.expires_at().ok_or_else(|| missing("exp"))?;
        if now >= expired_at.plus(self.clock_skew) {
            return Err(ClaimError::Expired { expired_at, now });
        }
        let latest = now.plus(self.clock_skew);
        if let Some(not_before) = claims.not_before()
            && not_before > latest
        {
            return Err(ClaimError::NotYetValid { not_before, now });
        }
        if let Some(issued_at) = claims.issued_at()
            && issued_at > latest
        {
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

fn missing(claim: &str) -> ClaimError {
    ClaimError::Missing { claim: LogSafe::new(claim) }
}

#[cfg(test)]
mod tests;
