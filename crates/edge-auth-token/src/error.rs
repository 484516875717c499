//! The reasons for refusing a token, for the operator's log. The response to the caller says less,
//! and other code writes it.

use std::time::Duration;

use crate::{Algorithm, JsonError, LogSafe, Timestamp};

/// Why a token is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Longer than the limit; nothing of it was parsed.
    #[error("the token is {bytes} bytes long, the limit is {limit}")]
    TooLarge {
        /// The token's length in bytes.
        bytes: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// Not a JWS in compact serialisation (RFC 7515, section 7.1).
    #[error("the token is malformed: {0}")]
    Malformed(#[from] Malformed),
    /// The header asks for something that this crate does not do.
    #[error("the token's header is refused: {0}")]
    HeaderRefused(#[from] HeaderError),
    /// `alg` is missing, ill-typed, `none`, or not an [`Algorithm`] of this crate.
    #[error("the token's `alg` is {found}, which is never accepted")]
    AlgorithmUnsupported {
        /// The header's `alg`, or its JSON type, or "missing".
        found: LogSafe,
    },
    /// The key must not be used with the token's algorithm: its type, its `alg` or the issuer's
    /// configuration exclude it.
    #[error(
        "the key may not be used with {algorithm}: its type or the allowed algorithms exclude it"
    )]
    KeyDoesNotFit {
        /// The token's algorithm.
        algorithm: Algorithm,
    },
    /// The key did not make the signature over these bytes.
    #[error("the signature is not valid")]
    SignatureInvalid,
    /// A claim is ill-typed.
    #[error(transparent)]
    Claim(#[from] ClaimError),
}

/// Why a text is not a JWS in compact serialisation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// A JWS has three parts; a JWE would have five.
    #[error("a signed token has three parts separated by dots, this has {found}{}",
        if *found == 6 { " or more" } else { "" })]
    Parts {
        /// The number of parts; counting stops at 6.
        found: usize,
    },
    /// A part is not strict base64url: white space, another alphabet, or trailing bits.
    #[error("the {part} is not base64url without padding")]
    Base64Url {
        /// The part.
        part: Part,
    },
    /// A part has padding, which RFC 7515, section 2, leaves out. Load balancers write it.
    #[error(
        "the {part} is not base64url without padding: it has padding (`=`), which a JWT must not \
         have. An AWS load balancer (ALB) writes `x-amzn-oidc-data` like that; take the issuer's \
         own token, from `x-amzn-oidc-accesstoken`"
    )]
    Padded {
        /// The part.
        part: Part,
    },
    /// A part is not a JSON object with one meaning.
    #[error("the {part} is not a usable JSON object: {error}")]
    Json {
        /// The part.
        part: Part,
        /// The JSON error.
        error: JsonError,
    },
}

/// A part of a JWS in compact serialisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The first: the JOSE header.
    Header,
    /// The second: the claims.
    Payload,
    /// The third.
    Signature,
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::Payload => "payload",
            Self::Signature => "signature",
        })
    }
}

/// Why a JOSE header is refused before any cryptography.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// A member has the wrong JSON type.
    #[error("`{member}` is {found}, it must be a string")]
    IllTyped {
        /// The member.
        member: &'static str,
        /// The JSON type that was found.
        found: &'static str,
    },
    /// `crit` names extensions that the recipient must understand (RFC 7515, section 4.1.11). This
    /// crate has none.
    #[error("`crit` demands extensions, and edge-auth supports none")]
    Critical,
    /// `b64` belongs to RFC 7797, which RFC 7797, section 7, forbids for JWTs.
    #[error("`b64` declares an unencoded payload, which a JWT must not have")]
    UnencodedPayload,
    /// A member of a JWE (RFC 7516, section 4.1).
    #[error("`{member}` belongs to an encrypted token; edge-auth accepts signed tokens only")]
    Encrypted {
        /// The member.
        member: &'static str,
    },
    /// `cty` says that the payload is another token (RFC 7519, section 5.2).
    #[error("`cty` declares a nested token; edge-auth accepts tokens with claims inside only")]
    Nested,
    /// `kid` is longer than [`MAX_KEY_ID_BYTES`](crate::MAX_KEY_ID_BYTES).
    #[error("`kid` is {bytes} bytes long, the limit is {limit}")]
    KeyIdTooLong {
        /// Its length in bytes.
        bytes: usize,
        /// The limit in bytes.
        limit: usize,
    },
}

/// Why the claims of a token are refused (RFC 7519, section 4; RFC 9068, section 4).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimError {
    /// A required claim is missing.
    #[error("the token has no `{claim}`")]
    Missing {
        /// The claim.
        claim: LogSafe,
    },
    /// A claim has the wrong type, or a value outside its range.
    #[error("the token's `{claim}` is ill-typed: it must be {wanted}")]
    IllTyped {
        /// The claim.
        claim: LogSafe,
        /// The type that the claim must have.
        wanted: &'static str,
    },
    /// `iss` names another issuer.
    #[error("the token's `iss` is \"{found}\", it must be \"{wanted}\"")]
    IssuerMismatch {
        /// The token's.
        found: LogSafe,
        /// The configured one.
        wanted: LogSafe,
    },
    /// The token is for another audience.
    #[error("the token's `{claim}` is \"{found}\", it must be one of \"{wanted}\"")]
    AudienceMismatch {
        /// The claim that carries the audience.
        claim: LogSafe,
        /// The token's.
        found: LogSafe,
        /// The configured ones.
        wanted: LogSafe,
    },
    /// `typ` says that the token is something else than an access token: a proof, an event, a
    /// request.
    #[error("the token's `typ` is \"{found}\", which is never an access token")]
    OtherKind {
        /// The token's.
        found: LogSafe,
    },
    /// `typ` is not one of the configured types: an ID token in place of an access token, say.
    #[error(
        "the token's `typ` is {}, it must be \"{wanted}\"",
        quoted(found.as_ref())
    )]
    TokenTypeMismatch {
        /// The token's, if it has one.
        found: Option<LogSafe>,
        /// The configured ones.
        wanted: LogSafe,
    },
    /// `exp` has passed.
    #[error("the token expired at {} s; it is {} s now", expired_at.seconds(), now.seconds())]
    Expired {
        /// `exp`.
        expired_at: Timestamp,
        /// When it was checked.
        now: Timestamp,
    },
    /// `nbf` lies in the future.
    #[error(
        "the token is not valid before {} s; it is {} s now",
        not_before.seconds(),
        now.seconds()
    )]
    NotYetValid {
        /// `nbf`.
        not_before: Timestamp,
        /// When it was checked.
        now: Timestamp,
    },
    /// `iat` lies in the future: the issuer's clock or ours is wrong, or the token is forged.
    #[error(
        "the token was issued in the future, at {} s; it is {} s now",
        issued_at.seconds(),
        now.seconds()
    )]
    IssuedInFuture {
        /// `iat`.
        issued_at: Timestamp,
        /// When it was checked.
        now: Timestamp,
    },
    /// The time from `iat` to `exp` is longer than the configuration allows.
    #[error("the token lives for {} s, the limit is {} s", lifetime.as_secs(), limit.as_secs())]
    LifetimeTooLong {
        /// The time from `iat` to `exp`.
        lifetime: Duration,
        /// The configured limit.
        limit: Duration,
    },
}

fn quoted(value: Option<&LogSafe>) -> String {
    match value {
        Some(value) => format!("\"{value}\""),
        None => "missing".to_owned(),
    }
}
