//! Strict JOSE and claim checking: bytes to verified claims.

mod algorithm;
#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
mod backend;
mod base64url;
mod claims;
mod disguised_key;
mod error;
mod excerpt;
mod expected;
mod header;
mod hmac_key;
mod json;
mod jwk;
mod jwk_set;
mod jws;
mod key_error;
mod key_set;
pub mod maybe_send;
mod public_key;
mod secret;
#[cfg(test)]
mod testing;
mod time;
mod token;
mod verifying_key;

pub use algorithm::{Algorithm, UnknownAlgorithm};
#[cfg(feature = "aws-lc-rs")]
pub use aws_lc::AwsLcRs;
pub use backend::{SignatureBackend, SignatureInvalid, VerifySignature};
pub use claims::Claims;
pub use error::{ClaimError, HeaderError, Malformed, Part, TokenError};
pub use excerpt::Excerpt;
pub use expected::{Audience, Expected, TokenType};
pub use header::MAX_KEY_ID_BYTES;
pub use json::JsonError;
pub use jwk::Jwk;
pub use jwk_set::{JwkSet, SkippedKey};
pub use jws::UnverifiedJws;
pub use key_error::{JwkSetError, KeyError};
pub use key_set::{KeySelectionError, KeySet};
pub use maybe_send::{MaybeSend, MaybeSync};
pub use public_key::{Curve, EcPublicKey, Ed25519PublicKey, PublicKey, RsaPublicKey};
pub use secret::Secret;
pub use time::Timestamp;
pub use token::{DEFAULT_MAX_TOKEN_BYTES, UnverifiedToken, VerifiedToken};
pub use verifying_key::VerifyingKey;
