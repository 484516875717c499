//! Strict JOSE and claim checking: bytes to verified claims.
//!
//! No I/O, no clock, no policy: `now` is an argument, keys are handed in, and what is expected of a
//! token is said in an [`Validation`]. Three steps lead from a text to claims that can be believed:
//!
//! ```
//! use std::time::Duration;
//! use edge_auth_token::{
//!     Algorithm, Audience, ClaimPath, DEFAULT_MAX_TOKEN_BYTES, Validation, Secret, Timestamp, TokenType,
//!     UnverifiedToken, VerifyingKey,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Once: the issuer's key and what is expected of its tokens.
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
//! let token = UnverifiedToken::parse(text, DEFAULT_MAX_TOKEN_BYTES)?; assert_eq!(token.issuer(),
//! Some("https://login.example.com/")); // unverified: for choosing a key let token =
//! token.verify(&key)?; validation.check(&token, Timestamp::from_seconds(1_800_000_000))?;
//! assert_eq!(token.claims().subject(), Some("alice"));
//!
//! // A verified token may be kept, but is checked on every use: this one expires.
//! assert!(validation.check(&token, Timestamp::from_seconds(1_900_000_000)).is_err());
//! # Ok(())
//! # }
//! ```
//!
//! An issuer with public keys has a [`JwkSet`], of which each [`Jwk`] becomes a [`VerifyingKey`],
//! and those a [`KeySet`], which [selects](KeySet::select) the one key for a token.
//!
//! # Where to read on
//!
//! Each file is one idea, in the order in which a token meets them:
//!
//! | file | what it does |
//! |---|---|
//! | `token.rs` | [`UnverifiedToken`] and [`VerifiedToken`]: the way through the crate |
//! | `jws.rs`, `base64url.rs`, `json.rs` | the compact serialisation, and the two encodings in it, with one spelling each |
//! | `header.rs` | the JOSE header: what is used of it, and what is refused |
//! | `algorithm.rs` | the algorithms, by their registered names |
//! | `jwk_set.rs`, `jwk.rs`, `public_key/` | keys as an issuer publishes them, and which are too weak |
//! | `key_set.rs`, `verifying_key.rs` | one key for a token, and only with algorithms that are allowed |
//! | `hmac_key.rs`, `key_confusion.rs` | shared secrets, and public keys that pose as such |
//! | `backend.rs`, `aws_lc.rs` | asymmetric signatures: by the host, or natively by AWS-LC |
//! | `claims.rs`, `claims/claim_path.rs`, `validation.rs` | the claims, how they are named, and what they must say |
//! | `error.rs`, `key_error.rs`, `log_safe.rs` | why a token or key is refused, for the operator's log |
//!
//! # What always holds
//!
//! - The algorithm is one that the configuration allows *and* that fits the key; the header only
//!   says which. Symmetric and asymmetric ones are never allowed together.
//! - Key material and URLs in a header are never used. `crit`, `b64`, encryption and nesting are
//!   refused.
//! - A value of the wrong type refuses the token or key; it is never skipped. So does a member that
//!   occurs twice.
//! - Time and memory are bounded by the length of the input, which is bounded.
//! - Nothing panics on any input, and no error or `Debug` shows a token, a signature or a secret.

mod algorithm;
#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
mod backend;
mod base64url;
mod claims;
mod confirmation;
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
pub use public_key::{Curve, EcPublicKey, Ed25519PublicKey, PublicKey, RsaPublicKey};
pub use secret::Secret;
pub use time::Timestamp;
pub use token::{DEFAULT_MAX_TOKEN_BYTES, UnverifiedToken, VerifiedToken};
pub use validation::{Audience, TokenType, Validation};
pub use verifying_key::VerifyingKey;

/// The README's example, compiled.
#[cfg(all(doctest, feature = "aws-lc-rs"))]
#[doc = include_str!("../README.md")]
struct Readme;
