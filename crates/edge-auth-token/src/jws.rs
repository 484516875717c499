//! A JWS in compact serialisation (RFC 7515, section 7.1), with any payload.

use std::fmt;

use crate::header::Header;
use crate::{Algorithm, Malformed, Part, TokenError, VerifyingKey, base64url, json};

/// A well-formed signed message before its signature is checked. In an
/// [`UnverifiedToken`](crate::UnverifiedToken), the payload is a set of claims.
pub struct UnverifiedJws<'a> {
    pub(crate) header: Header,
    /// Header and payload as sent, with the dot between (RFC 7515, section 5.2, step 8).
    signed: &'a str,
    pub(crate) payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> UnverifiedJws<'a> {
    /// Parses strictly: exactly three parts, each strict base64url, and a header that asks for a
    /// signature check only. `max_bytes` bounds time and memory.
    ///
    /// # Errors
    /// `TooLarge`, `Malformed`, `HeaderRefused` or `AlgorithmUnsupported`.
    pub fn parse(text: &'a str, max_bytes: usize) -> Result<Self, TokenError> {
        let bytes = text.len();
        if bytes > max_bytes {
            return Err(TokenError::TooLarge { bytes, limit: max_bytes });
        }
        let (signed, header, payload, signature) = three_parts(text)?;
        let header = json::object(&decode(header, Part::Header)?)
            .map_err(|error| Malformed::Json { part: Part::Header, error })?;
        Ok(Self {
            header: Header::new(&header)?,
            signed,
            payload: decode(payload, Part::Payload)?,
            signature: decode(signature, Part::Signature)?,
        })
    }

    /// Returns the header's `alg`.
    pub fn algorithm(&self) -> Algorithm {
        self.header.algorithm
    }

    /// Returns the header's `kid`, a hint for choosing a key.
    pub fn key_id(&self) -> Option<&str> {
        self.header.key_id.as_deref()
    }

    /// Checks the signature and returns the payload.
    ///
    /// # Errors
    /// `KeyDoesNotFit` if the key must not be used with the header's algorithm, or
    /// `SignatureInvalid`.
    pub fn verify(self, key: &VerifyingKey) -> Result<Vec<u8>, TokenError> {
        self.check_signature(key)?;
        Ok(self.payload)
    }

    pub(crate) fn check_signature(&self, key: &VerifyingKey) -> Result<(), TokenError> {
        key.verify(self.header.algorithm, self.signed.as_bytes(), &self.signature)
    }
}

/// Shows the algorithm only: a signed message is a credential.
impl fmt::Debug for UnverifiedJws<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnverifiedJws")
            .field("algorithm", &self.header.algorithm)
            .finish_non_exhaustive()
    }
}

/// Splits the text into signing input, header, payload and signature.
fn three_parts(text: &str) -> Result<(&str, &str, &str, &str), Malformed> {
    if let Some((signed, signature)) = text.rsplit_once('.')
        && let Some((header, payload)) = signed.split_once('.')
        && !payload.contains('.')
    {
        return Ok((signed, header, payload, signature));
    }
    Err(Malformed::Parts { found: text.split('.').take(6).count() })
}

fn decode(text: &str, part: Part) -> Result<Vec<u8>, Malformed> {
    base64url::decode(text).map_err(|_| match text.ends_with('=') {
        true => Malformed::Padded { part },
        false => Malformed::Base64Url { part },
    })
}
