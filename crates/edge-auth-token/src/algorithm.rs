//! The signature algorithms of RFC 7518, section 3.1, and RFC 8037, section 3.1.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Curve;

/// A JWS algorithm that this crate checks. `none` is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt as long as the hash.
    Ps256,
    /// RSASSA-PSS with SHA-384, MGF1 with SHA-384 and a salt as long as the hash.
    Ps384,
    /// RSASSA-PSS with SHA-512, MGF1 with SHA-512 and a salt as long as the hash.
    Ps512,
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// ECDSA with P-384 and SHA-384.
    Es384,
    /// ECDSA with P-521 and SHA-512.
    Es512,
    /// EdDSA with Ed25519, the only curve of RFC 8037 that this crate checks.
    EdDsa,
    /// HMAC with SHA-256.
    Hs256,
    /// HMAC with SHA-384.
    Hs384,
    /// HMAC with SHA-512.
    Hs512,
}

/// The way in which an algorithm makes signatures. A [`SignatureBackend`](crate::SignatureBackend)
/// selects its implementation by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignatureScheme {
    /// RSASSA-PKCS1-v1_5 (RFC 8017, section 8.2).
    RsaPkcs1(HashFunction),
    /// RSASSA-PSS (RFC 8017, section 8.1). MGF1 uses the same hash, and the salt is as long.
    RsaPss(HashFunction),
    /// ECDSA (FIPS 186-5), with the hash that RFC 7518, section 3.4, pairs with the curve.
    Ecdsa(Curve),
    /// Ed25519 (RFC 8032).
    Ed25519,
    /// HMAC (RFC 2104).
    Hmac(HashFunction),
}

/// A hash function of the SHA-2 family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HashFunction {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl HashFunction {
    /// Returns the length of a digest, in bytes.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

impl Algorithm {
    /// Returns the signature scheme.
    pub const fn scheme(self) -> SignatureScheme {
        match self {
            Self::Rs256 => SignatureScheme::RsaPkcs1(HashFunction::Sha256),
            Self::Rs384 => SignatureScheme::RsaPkcs1(HashFunction::Sha384),
            Self::Rs512 => SignatureScheme::RsaPkcs1(HashFunction::Sha512),
            Self::Ps256 => SignatureScheme::RsaPss(HashFunction::Sha256),
            Self::Ps384 => SignatureScheme::RsaPss(HashFunction::Sha384),
            Self::Ps512 => SignatureScheme::RsaPss(HashFunction::Sha512),
            Self::Es256 => SignatureScheme::Ecdsa(Curve::P256),
            Self::Es384 => SignatureScheme::Ecdsa(Curve::P384),
            Self::Es512 => SignatureScheme::Ecdsa(Curve::P521),
            Self::EdDsa => SignatureScheme::Ed25519,
            Self::Hs256 => SignatureScheme::Hmac(HashFunction::Sha256),
            Self::Hs384 => SignatureScheme::Hmac(HashFunction::Sha384),
            Self::Hs512 => SignatureScheme::Hmac(HashFunction::Sha512),
        }
    }

    /// Every algorithm that verifies with a public key. An issuer with a key set may use these
    /// unless its configuration lists others.
    pub const ASYMMETRIC: &'static [Self] = &[
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::EdDsa,
    ];

    const SYMMETRIC: &'static [Self] = &[Self::Hs256, Self::Hs384, Self::Hs512];

    /// Returns whether the key that checks a signature can also make one (`HS*`). An issuer's
    /// configuration must never allow symmetric and asymmetric algorithms together (RFC 8725,
    /// section 3.1).
    pub const fn is_symmetric(self) -> bool {
        matches!(self.scheme(), SignatureScheme::Hmac(_))
    }

    /// Returns the registered name, as in a token's `alg`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::EdDsa => "EdDSA",
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
        }
    }
}

/// The name does not belong to an [`Algorithm`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a supported signature algorithm; write one of RS256, RS384, RS512, PS256, \
     PS384, PS512, ES256, ES384, ES512, EdDSA, HS256, HS384, HS512, in exactly this spelling"
)]
pub struct UnknownAlgorithm;

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    /// Parses a registered name, case-sensitively (RFC 7515, section 4.1.1). `Ed25519` (RFC 9864,
    /// section 2.2) means the same as `EdDSA` here, because Ed25519 is the only curve.
    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        if name == "Ed25519" {
            return Ok(Self::EdDsa);
        }
        Self::ASYMMETRIC
            .iter()
            .chain(Self::SYMMETRIC)
            .copied()
            .find(|algorithm| algorithm.name() == name)
            .ok_or(UnknownAlgorithm)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Algorithm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Algorithm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        name.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_is_read_back_from_its_name() {
        for algorithm in Algorithm::ASYMMETRIC.iter().chain(Algorithm::SYMMETRIC) {
            assert_eq!(algorithm.to_string().parse(), Ok(*algorithm));
            let json = serde_json::to_string(algorithm).unwrap();
            assert_eq!(serde_json::from_str::<Algorithm>(&json).unwrap(), *algorithm);
        }
    }

    #[test]
    fn only_hmac_is_symmetric() {
        assert!(Algorithm::ASYMMETRIC.iter().all(|a| !a.is_symmetric()));
        assert!(Algorithm::SYMMETRIC.iter().all(|a| a.is_symmetric()));
    }

    #[test]
    fn variants_of_a_name_are_unknown() {
        for name in [
            "", "none", "None", "nOnE", "hs256", "RS256 ", " RS256", "RS-256", "ES256K", "ES521",
            "EDDSA", "Ed448", "ed25519", "RS256\0", "RSA-OAEP", "dir",
        ] {
            assert_eq!(name.parse::<Algorithm>(), Err(UnknownAlgorithm), "{name:?}");
        }
    }

    #[test]
    fn the_newer_name_of_the_same_algorithm_is_read() {
        assert_eq!("Ed25519".parse(), Ok(Algorithm::EdDsa));
    }
}
