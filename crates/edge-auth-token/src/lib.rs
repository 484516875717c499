//! Strict JOSE and claim checking: bytes to verified claims.
//!
//! The crate does no I/O, reads no clock and knows no policy: the time and the keys are arguments,
//! and a [`Validation`] says which claims a token must have. Three steps lead from a text to claims
//! that you can trust:
//!
//! ```
//! use std::time::Duration;
//! use edge_auth_token::{
//!     Algorithm, Audience, ClaimPath, DEFAULT_MAX_TOKEN_BYTES, Secret, Timestamp, TokenType,
//!     UnverifiedToken, Validation, VerifyingKey,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Once: the issuer's key, and the claims that its tokens must have.
//! let secret = Secret::new("a secret of at least 32 bytes, shared with the issuer");
//! let key = VerifyingKey::from_secret(&secret, &[Algorithm::Hs256])?;
//! let validation = Validation {
//!     issuer: "https://login.example.com/".to_owned(),
//!     audience: Audience::AnyOf {
//!         claim: ClaimPath::name("aud"),
//!         values: vec!["https://api.example.com".to_owned()],
//!     },
//!     token_type: TokenType::Exactly("at+jwt".to_owned()),
//!     max_lifetime: None,
//!     clock_skew: Duration::from_secs(30),
//! };
//!
//! // For every token: parse it, verify its signature, check its claims now.
//! let text = "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.\
//!     eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUuY29tLyIsImF1ZCI6Imh0dHBzOi\
//!     8vYXBpLmV4YW1wbGUuY29tIiwic3ViIjoiYWxpY2UiLCJleHAiOjE4MDAwMDM2MDB9.\
//!     FtS52ueybqRpFR9b2WgZ_YvfWOwY3uRGxbitGGMUGtY";
//! let token = UnverifiedToken::parse(text, DEFAULT_MAX_TOKEN_BYTES)?;
//! // Not verified yet: use it to choose a key, and for nothing else.
//! assert_eq!(token.issuer(), Some("https://login.example.com/"));
//! let token = token.verify(&key)?;
//! validation.check(&token, Timestamp::from_seconds(1_800_000_000))?;
//! assert_eq!(token.claims().subject(), Some("alice"));
//!
//! // You may keep a verified token, but check it on every use: this one expires.
//! assert!(validation.check(&token, Timestamp::from_seconds(1_900_000_000)).is_err());
//! # Ok(())
//! # }
//! ```
//!
//! An issuer with public keys publishes a [`JwkSet`]. Each [`Jwk`] in it becomes a
//! [`VerifyingKey`], and these form a [`KeySet`], which [selects](KeySet::select) the one key for a
//! token.
//!
//! # Code map
//!
//! Each file is one idea, in the order in which a token meets them:
//!
//! | file | what it does |
//! |---|---|
//! | `token.rs` | [`UnverifiedToken`] and [`VerifiedToken`]: start reading here |
//! | `jws.rs`, `base64url.rs`, `json.rs` | the compact serialisation and its two encodings, with one spelling each |
//! | `header.rs` | the JOSE header: the members that the crate uses and those that it refuses |
//! | `algorithm.rs`, `curve.rs` | the algorithms, by their registered names |
//! | `jwk_set.rs`, `jwk.rs`, `public_key/` | keys as an issuer publishes them; refuses weak ones |
//! | `key_set.rs`, `verifying_key.rs` | selects one key for a token, and uses it only with allowed algorithms |
//! | `hmac_key.rs`, `key_confusion.rs` | shared secrets; refuses public keys in their place |
//! | `backend.rs`, `aws_lc.rs` | asymmetric signatures, by the host or natively by AWS-LC |
//! | `claims.rs`, `claims/claim_path.rs`, `validation/` | the claims, their names, and the values that they must have |
//! | `error.rs`, `key_error.rs`, `log_safe.rs` | the reasons for refusing a token or key, for the operator's log |
//!
//! # Invariants
//!
//! - The configuration must allow the algorithm *and* the key must fit it; the header only says
//!   which one. The configuration never allows symmetric and asymmetric algorithms together.
//! - The crate never uses key material and URLs in a header. It refuses `crit`, `b64`, encryption
//!   and nesting.
//! - A value of the wrong type refuses the token or key; the crate never skips it. A member that
//!   occurs twice refuses it, too.
//! - The length of the input bounds time and memory, and is itself bounded.
//! - Nothing panics on any input, and no error or `Debug` shows a token, a signature or a secret.

mod algorithm;
#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
mod backend;
mod base64url;
mod claims;
mod confirmation;
mod curve;
mod error;
mod header;
mod hmac_key;
mod json;
mod jwk;
mod jwk_set;
mod jws;
mod key_confusion;
mod key_error;
mod key_set;
mod log_safe;
pub mod maybe_send;
mod public_key;
mod secret;
#[cfg(test)]
mod testing;
mod time;
mod token;
mod validation;
mod verifying_key;

pub use algorithm::{Algorithm, HashFunction, SignatureScheme, UnknownAlgorithm};
#[cfg(feature = "aws-lc-rs")]
pub use aws_lc::AwsLcRs;
pub use backend::{SignatureBackend, SignatureInvalid, VerifySignature};
pub use claims::{ClaimPath, Claims, InvalidClaimPath};
pub use confirmation::Confirmation;
pub use curve::Curve;
pub use error::{ClaimError, HeaderError, Malformed, Part, TokenError};
pub use header::MAX_KEY_ID_BYTES;
pub use json::JsonError;
pub use jwk::{Jwk, KeyUse};
pub use jwk_set::{JwkSet, SkippedKey};
pub use jws::UnverifiedJws;
pub use key_error::{JwkSetError, KeyError};
pub use key_set::{KeySelectionError, KeySet};
pub use log_safe::LogSafe;
pub use maybe_send::{MaybeSend, MaybeSync};
pub use public_key::{EcPublicKey, Ed25519PublicKey, PublicKey, RsaPublicKey};
pub use secret::Secret;
pub use time::Timestamp;
pub use token::{DEFAULT_MAX_TOKEN_BYTES, UnverifiedToken, VerifiedToken};
pub use validation::{Audience, TokenType, Validation};
pub use verifying_key::VerifyingKey;

/// The README's example, compiled.
#[cfg(all(doctest, feature = "aws-lc-rs"))]
#[doc = include_str!("../README.md")]
struct Readme;
