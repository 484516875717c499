//! Why a token is refused. Written for the operator's log: what the caller is told is decided
//! elsewhere, and is less.

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
    /// The header asks for something that is not done here.
    #[error("the token's header is refused: {0}")]
    HeaderRefused(#[from] HeaderError),
    /// `alg` is missing, ill-typed, `none`, or not an [`Algorithm`] of this crate.
    #[error("the token's `alg` is {found}, which is never accepted")]
    AlgorithmUnsupported {
        /// What stands there.
        found: LogSafe,
    },
    /// The key is not for the token's algorithm: by its type, its own `alg`, or the algorithms
    /// that the issuer's configuration allows.
    #[error(
        "the key may not be used with {algorithm}: its type or the allowed algorithms exclude it"
    )]
    KeyDoesNotFit {
        /// The token's algorithm.
        algorithm: Algorithm,
    },
    /// The signature is not that of the key over these bytes.
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
        /// How many parts there are; counting stops at 6.
        found: usize,
    },
    /// A part is not strict base64url: white space, another alphabet, or trailing bits.
    #[error("the {part} is not base64url without padding")]
    Base64Url {
        /// Which part.
        part: Part,
    },
    /// A part has padding, which RFC 7515, section 2, leaves out. Load balancers write it.
    #[error(
        "the {part} is not base64url without padding: it has padding (`=`), which no JWT has. An AWS load \
         balancer (ALB) writes `x-amzn-oidc-data` like that; take the issuer's own token, from \
         `x-amzn-oidc-accesstoken`"
    )]
    Padded {
        /// Which part.
        part: Part,
    },
    /// A part is not a JSON object with one meaning.
    #[error("the {part} is not a usable JSON object: {error}")]
    Json {
        /// Which part.
        part: Part,
        /// What is wrong with it.
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
    #[error("`{member}` is {found}, a string is wanted")]
    IllTyped {
        /// The member.
        member: &'static str,
        /// The JSON type that was found.
        found: &'static str,
    },
    /// `crit` names extensions that must be understood, and none is (RFC 7515, section 4.1.11).
    #[error("`crit` demands extensions; none is supported")]
    Critical,
    /// `b64` belongs to RFC 7797, which RFC 7797, section 7, forbids for JWTs.
    #[error("`b64` declares an unencoded payload, which a JWT may not have")]
    UnencodedPayload,
    /// A member of a JWE (RFC 7516, section 4.1).
    #[error("`{member}` belongs to an encrypted token; only signed ones are read")]
    Encrypted {
        /// The member.
        member: &'static str,
    },
    /// `cty` says that the payload is another token (RFC 7519, section 5.2).
    #[error("`cty` declares a nested token; only tokens with claims inside are read")]
    Nested,
    /// `kid` is longer than [`MAX_KEY_ID_BYTES`](crate::MAX_KEY_ID_BYTES).
    #[error("`kid` is {bytes} bytes long, the limit is {limit}", limit = crate::MAX_KEY_ID_BYTES)]
    KeyIdTooLong {
        /// Its length in bytes.
        bytes: usize,
    },
}

/// Why the claims of a token are refused (RFC 7519, section 4; RFC 9068, section 4).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimError {
    /// A claim that must be there is not.
    #[error("the token has no `{claim}`")]
    Missing {
        /// The claim.
        claim: LogSafe,
    },
    /// A claim has the wrong type, or a value outside its range.
    #[error("the token's `{claim}` is ill-typed: {wanted} is wanted")]
    IllTyped {
        /// The claim.
        claim: LogSafe,
        /// What the claim must be.
        wanted: &'static str,
    },
    /// `iss` is another issuer's.
    #[error("the token's `iss` is \"{found}\", wanted \"{wanted}\"")]
    IssuerMismatch {
        /// The token's.
        found: LogSafe,
        /// The configured one.
        wanted: LogSafe,
    },
    /// The token is meant for others.
    #[error("the token's `{claim}` is \"{found}\", wanted one of \"{wanted}\"")]
    AudienceMismatch {
        /// The claim that carries the audience.
        claim: LogSafe,
        /// The token's.
        found: LogSafe,
        /// The configured ones.
        wanted: LogSafe,
    },
    /// `typ` is that of something that is never an access token: a proof, an event, a request.
    #[error("the token's `typ` is \"{found}\", which is never an access token")]
    OtherKind {
        /// The token's.
        found: LogSafe,
    },
    /// `typ` is not that of the tokens wanted here: an ID token, say, where an access token is due.
    #[error(
        "the token's `typ` is {}, wanted \"{wanted}\"",
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
    /// `nbf` is still to come.
    #[error("the token is not valid before {} s; it is {} s now", not_before.seconds(), now.seconds())]
    NotYetValid {
        /// `nbf`.
        not_before: Timestamp,
        /// When it was checked.
        now: Timestamp,
    },
    /// `iat` is still to come: the issuer's clock or ours is wrong, or the token is made up.
    #[error("the token was issued in the future, at {} s; it is {} s now", issued_at.seconds(), now.seconds())]
    IssuedInFuture {
        /// `iat`.
        issued_at: Timestamp,
        /// When it was checked.
        now: Timestamp,
    },
    /// From `iat` to `exp` is longer than allowed.
    #[error("the token lives for {} s, the limit is {} s", lifetime.as_secs(), limit.as_secs())]
    LifetimeTooLong {
        /// From `iat` to `exp`.
        lifetime: Duration,
        /// The configured limit.
        limit: Duration,
    },
}

fn quoted(value: Option<&LogSafe>) -> String {
    value.map_or_else(|| "missing".to_owned(), |value| format!("\"{value}\""))
}
