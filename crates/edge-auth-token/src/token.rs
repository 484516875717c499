//! A JWT (RFC 7519): first as it arrives, then with its signature checked.

use std::fmt;

use crate::header::Header;
use crate::jws::UnverifiedJws;
use crate::{Algorithm, Claims, Malformed, Part, TokenError, VerifyingKey, json};

/// The longest token that is read, in bytes, unless the configuration says otherwise.
pub const DEFAULT_MAX_TOKEN_BYTES: usize = 16 * 1024;

/// A token that is well-formed and whose signature has not been checked. What it says may be a
/// lie: it is good for choosing an issuer and a key, and for nothing else.
pub struct UnverifiedToken<'a> {
    jws: UnverifiedJws<'a>,
    claims: Claims,
}

impl<'a> UnverifiedToken<'a> {
    /// Parses a JWS in compact serialisation whose payload is a JSON object. All that can be
    /// refused without a key is refused here. Time and memory are linear in `max_bytes`, the
    /// longest token in bytes ([`DEFAULT_MAX_TOKEN_BYTES`]).
    ///
    /// # Errors All of [`TokenError`] but `KeyDoesNotFit` and `SignatureInvalid`; of
    /// [`ClaimError`](crate::ClaimError) only `IllTyped`.
    pub fn parse(token: &'a str, max_bytes: usize) -> Result<Self, TokenError> {
        let jws = UnverifiedJws::parse(token, max_bytes)?;
        let members = json::object(&jws.payload)
            .map_err(|error| Malformed::Json { part: Part::Payload, error })?;
        Ok(Self { jws, claims: Claims::new(members)? })
    }

    /// The header's `alg`.
    pub fn algorithm(&self) -> Algorithm {
        self.jws.algorithm()
    }

    /// The header's `kid`: a hint for choosing a key.
    pub fn key_id(&self) -> Option<&str> {
        self.jws.key_id()
    }

    /// The header's `typ` as it stands.
    pub fn token_type(&self) -> Option<&str> {
        self.jws.header.token_type.as_deref()
    }

    /// `iss`, unverified: for choosing among the configured issuers.
    /// [`Validation::check`](crate::Validation::check) compares it again.
    pub fn issuer(&self) -> Option<&str> {
        self.claims.issuer()
    }

    /// The claims, unverified: for choosing among the configured issuers, and for nothing else.
    pub fn unverified_claims(&self) -> &Claims {
        &self.claims
    }

    /// Checks the signature. Issuer, audience and times are checked by
    /// [`Validation::check`](crate::Validation::check), on every use.
    ///
    /// # Errors
    /// `KeyDoesNotFit` if the key is not for the token's algorithm, `SignatureInvalid`.
    pub fn verify(self, key: &VerifyingKey) -> Result<VerifiedToken, TokenError> {
        self.jws.check_signature(key)?;
        Ok(VerifiedToken { header: self.jws.header, claims: self.claims })
    }
}

/// Shows algorithm, key identifier and issuer only: a token is a credential.
impl fmt::Debug for UnverifiedToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnverifiedToken")
            .field("algorithm", &self.algorithm())
            .field("key_id", &self.key_id())
            .field("issuer", &self.issuer())
            .finish_non_exhaustive()
    }
}

/// A token whose signature was valid. Only [`UnverifiedToken::verify`] makes one. It says nothing
/// about now: ask [`Validation::check`](crate::Validation::check) on every use, also of one that
/// was kept.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifiedToken {
    header: Header,
    claims: Claims,
}

impl VerifiedToken {
    /// The claims.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The header's `typ` as it stands.
    pub fn token_type(&self) -> Option<&str> {
        self.header.token_type.as_deref()
    }

    /// The header's `kid`.
    pub fn key_id(&self) -> Option<&str> {
        self.header.key_id.as_deref()
    }

    /// The header's `alg`.
    pub fn algorithm(&self) -> Algorithm {
        self.header.algorithm
    }
}

#[cfg(test)]
mod tests;
