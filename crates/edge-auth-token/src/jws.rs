//! A JWS in compact serialisation (RFC 7515, section 7.1), whatever its payload is.

use std::fmt;

use crate::header::Header;
use crate::{Algorithm, Malformed, Part, TokenError, VerifyingKey, base64url, json};

/// A signed message that is well-formed and whose signature has not been checked.
/// [`UnverifiedToken`](crate::UnverifiedToken) is one whose payload is a set of claims.
pub struct UnverifiedJws<'a> {
    pub(crate) header: Header,
    /// Header and payload as sent, with their dot (RFC 7515, section 5.2, step 8).
    signed: &'a str,
    pub(crate) payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> UnverifiedJws<'a> {
    /// Parses strictly: exactly three parts, each strict base64url, and a header that
    /// asks for nothing but a signature check. `max_bytes` bounds time and memory.
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

    /// The header's `alg`.
    pub fn algorithm(&self) -> Algorithm {
        self.header.algorithm
    }

    /// The header's `kid`: a hint for choosing a key, and nothing more.
    pub fn key_id(&self) -> Option<&str> {
        self.header.key_id.as_deref()
    }

    /// Checks the signature and gives the payload.
    ///
    /// # Errors
    /// `KeyDoesNotFit` if the key is not for the header's algorithm, `SignatureInvalid`.
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

/// Signing input, header, payload, signature.
fn three_parts(text: &str) -> Result<(&str, &str, &str, &str), Malformed> {
    let wrong_count = || Malformed::Parts { found: text.split('.').take(6).count() };
    let (signed, signature) = text.rsplit_once('.').ok_or_else(wrong_count)?;
    let (header, payload) = signed.split_once('.').ok_or_else(wrong_count)?;
    if payload.contains('.') {
        return Err(wrong_count());
    }
    Ok((signed, header, payload, signature))
}

fn decode(text: &str, part: Part) -> Result<Vec<u8>, Malformed> {
    base64url::decode(text).map_err(|_| match text.ends_with('=') {
        true => Malformed::Padded { part },
        false => Malformed::Base64Url { part },
    })
}
