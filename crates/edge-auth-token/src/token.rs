//! A JWT (RFC 7519), before and after its signature is checked.

use std::fmt;

use crate::header::Header;
use crate::jws::UnverifiedJws;
use crate::{Algorithm, Claims, Malformed, Part, TokenError, VerifyingKey, json};

/// The longest token that is parsed, in bytes, unless the configuration sets another limit.
pub const DEFAULT_MAX_TOKEN_BYTES: usize = 16 * 1024;

/// A well-formed token before its signature is checked. The sender may have made it up: use it to
/// choose an issuer and a key, and for nothing else.
pub struct UnverifiedToken<'a> {
    jws: UnverifiedJws<'a>,
    claims: Claims,
}

impl<'a> UnverifiedToken<'a> {
    /// Parses a JWS in compact serialisation whose payload is a JSON object. Refuses everything
    /// that can be refused without a key. Time and memory are linear in `max_bytes`, the longest
    /// token in bytes ([`DEFAULT_MAX_TOKEN_BYTES`]).
    ///
    /// # Errors
    /// All of [`TokenError`] but `KeyDoesNotFit` and `SignatureInvalid`; of
    /// [`ClaimError`](crate::ClaimError) only `IllTyped`.
    pub fn parse(token: &'a str, max_bytes: usize) -> Result<Self, TokenError> {
        let jws = UnverifiedJws::parse(token, max_bytes)?;
        let members = json::object(&jws.payload)
            .map_err(|error| Malformed::Json { part: Part::Payload, error })?;
        Ok(Self { jws, claims: Claims::new(members)? })
    }

    /// Returns the header's `alg`.
    pub fn algorithm(&self) -> Algorithm {
        self.jws.algorithm()
    }

    /// Returns the header's `kid`, a hint for choosing a key.
    pub fn key_id(&self) -> Option<&str> {
        self.jws.key_id()
    }

    /// Returns the header's `typ`, unchanged.
    pub fn token_type(&self) -> Option<&str> {
        self.jws.header.token_type.as_deref()
    }

    /// Returns `iss`, unverified, for choosing among the configured issuers.
    /// [`Validation::check`](crate::Validation::check) compares it again.
    pub fn issuer(&self) -> Option<&str> {
        self.claims.issuer()
    }

    /// Returns the unverified claims, for choosing among the configured issuers and nothing else.
    pub fn unverified_claims(&self) -> &Claims {
        &self.claims
    }

    /// Checks the signature. On every use, [`Validation::check`](crate::Validation::check) must
    /// check issuer, audience and times.
    ///
    /// # Errors
    /// `KeyDoesNotFit` if the key must not be used with the token's algorithm, or
    /// `SignatureInvalid`.
    pub fn verify(self, key: &VerifyingKey) -> Result<VerifiedToken, TokenError> {
        self.jws.check_signature(key)?;
        Ok(VerifiedToken { header: self.jws.header, claims: self.claims })
    }
}

/// Shows algorithm, key identifier and issuer only, because a token is a credential.
impl fmt::Debug for UnverifiedToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnverifiedToken")
            .field("algorithm", &self.algorithm())
            .field("key_id", &self.key_id())
            .field("issuer", &self.issuer())
            .finish_non_exhaustive()
    }
}

/// A token with a valid signature. Only [`UnverifiedToken::verify`] makes one. It may have expired
/// since: call [`Validation::check`](crate::Validation::check) on every use, also of a cached one.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifiedToken {
    header: Header,
    claims: Claims,
}

impl VerifiedToken {
    /// Returns the claims.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// Returns the header's `typ`, unchanged.
    pub fn token_type(&self) -> Option<&str> {
        self.header.token_type.as_deref()
    }

    /// Returns the header's `kid`.
    pub fn key_id(&self) -> Option<&str> {
        self.header.key_id.as_deref()
    }

    /// Returns the header's `alg`.
    pub fn algorithm(&self) -> Algorithm {
        self.header.algorithm
    }
}

#[cfg(test)]
mod tests;
