//! The reasons for refusing a key or a key set. None of them shows key material.

use crate::{Algorithm, JsonError, LogSafe};

/// Why a key is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// An entry of a key set is not a JSON object.
    #[error("the key is {found}, it must be an object")]
    NotAnObject {
        /// The JSON type that was found.
        found: &'static str,
    },
    /// A member that the key's type needs is missing.
    #[error("the key has no `{member}`")]
    Missing {
        /// The member.
        member: &'static str,
    },
    /// A member has the wrong JSON type, or is not the strict base64url that it must be.
    #[error("the key's `{member}` is ill-typed: it must be {wanted}")]
    IllTyped {
        /// The member.
        member: &'static str,
        /// The type that it must have.
        wanted: &'static str,
    },
    /// The public set contains a private key, with which every reader can sign tokens.
    #[error(
        "the key is published with its private part `{member}`: it is compromised; have its owner \
         replace it"
    )]
    PrivateKeyPublished {
        /// The first private member that was found.
        member: &'static str,
    },
    /// This crate has no algorithm for the key's `kty` or `crv`.
    #[error("the key's `{member}` is \"{found}\", which edge-auth does not support")]
    Unsupported {
        /// `kty` or `crv`.
        member: &'static str,
        /// Its value.
        found: LogSafe,
    },
    /// `alg` is not a signature algorithm of this crate: a key for encryption, say.
    #[error("the key is for \"{found}\", which is not a supported signature algorithm")]
    AlgorithmUnknown {
        /// The key's `alg`.
        found: LogSafe,
    },
    /// `alg` contradicts the key's type, curve or length.
    #[error("the key says that it is for {algorithm}, but it is {key}")]
    AlgorithmContradictsKey {
        /// The key's `alg`.
        algorithm: Algorithm,
        /// The kind of key.
        key: &'static str,
    },
    /// `use` is not `sig` (RFC 7517, section 4.2).
    #[error("the key's `use` is \"{found}\", it must be \"sig\"")]
    NotForSignatures {
        /// The key's `use`.
        found: LogSafe,
    },
    /// `key_ops` does not contain `verify`, or repeats a value (RFC 7517, section 4.3).
    #[error("the key's `key_ops` must contain \"verify\", and no value twice")]
    NotForVerifying,
    /// A coordinate does not have the length of its curve's field.
    #[error("the key's `{member}` is {found} bytes long, its curve needs {wanted}")]
    CoordinateLength {
        /// The member.
        member: &'static str,
        /// Its length in bytes.
        found: usize,
        /// The curve's, in bytes.
        wanted: usize,
    },
    /// The modulus is shorter than 2048 bits (RFC 7518, section 3.3) or longer than 8192.
    #[error("the RSA modulus has {bits} bits, it must have 2048 to 8192")]
    ModulusLength {
        /// Its length in bits.
        bits: usize,
    },
    /// The modulus is even, or of the family that can be factored (ROCA, CVE-2017-15361).
    #[error("the RSA modulus is weak: {reason}")]
    WeakModulus {
        /// The weakness.
        reason: &'static str,
    },
    /// The exponent is even, below 3 (with 1, every message signs itself), or above 33 bits.
    #[error("the RSA exponent is refused: it must be odd, at least 3 and at most 33 bits long")]
    Exponent,
    /// The Ed25519 key is a point of small order, for which everyone can sign, or not the canonical
    /// encoding of its point (RFC 8032, section 5.1.3).
    #[error("the Ed25519 key is {reason}")]
    WeakPoint {
        /// The weakness.
        reason: &'static str,
    },
    /// The secret is shorter than the hash (RFC 7518, section 3.2).
    #[error("the secret is {bytes} bytes long, {algorithm} needs at least {wanted}")]
    SecretTooShort {
        /// The secret's length in bytes.
        bytes: usize,
        /// The hash's length in bytes.
        wanted: usize,
        /// The algorithm.
        algorithm: Algorithm,
    },
    /// The secret is a key of another kind, perhaps one that everyone knows.
    #[error(
        "the secret is {form}, not a shared secret; configure it as a key set, with its own \
         algorithm"
    )]
    SecretIsAKey {
        /// The form of the key.
        form: &'static str,
    },
    /// The allowed algorithms mix `HS*` with others.
    #[error(
        "symmetric and asymmetric algorithms are allowed together; a public key could be used as \
         a secret"
    )]
    MixedAlgorithms,
    /// None of the allowed algorithms fits the key.
    #[error("none of the allowed algorithms fits the key, which is {key}")]
    NoAllowedAlgorithm {
        /// The kind of key.
        key: &'static str,
    },
    /// The signature backend does not accept the key: a point that is not on its curve, say.
    #[error("the signature backend does not accept the key: a point that is not on its curve, say")]
    RefusedByBackend,
}

/// Why a key set is refused as a whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwkSetError {
    /// Longer than [`JwkSet::MAX_BYTES`](crate::JwkSet::MAX_BYTES).
    #[error("the key set is {bytes} bytes long, the limit is {limit}")]
    TooLarge {
        /// Its length in bytes.
        bytes: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// Not a JSON object with one meaning.
    #[error("the key set is not a usable JSON object: {0}")]
    Json(#[from] JsonError),
    /// The set has no array `keys` (RFC 7517, section 5.1).
    #[error("the key set has no array `keys`")]
    NoKeys,
    /// More than [`JwkSet::MAX_KEYS`](crate::JwkSet::MAX_KEYS).
    #[error("the key set has {found} keys, the limit is {limit}")]
    TooManyKeys {
        /// The number of keys.
        found: usize,
        /// The limit.
        limit: usize,
    },
}
