//! HMAC (RFC 7518, section 3.2), computed here on all hosts.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha384, Sha512};

use crate::{Algorithm, KeyError, Secret, SignatureInvalid};

/// A secret, ready for checking the codes of one algorithm.
pub(crate) enum HmacKey {
    Sha256(Hmac<Sha256>),
    Sha384(Hmac<Sha384>),
    Sha512(Hmac<Sha512>),
}

impl HmacKey {
    /// From a secret that is at least as long as the hash (RFC 7518, section 3.2).
    pub(crate) fn new(secret: &Secret, algorithm: Algorithm) -> Result<Self, KeyError> {
        let bytes = secret.expose();
        let no_mac = |_| KeyError::RefusedByBackend;
        check_length(bytes, algorithm)?;
        match algorithm {
            Algorithm::Hs256 => Hmac::new_from_slice(bytes)
                .map(Self::Sha256)
                .map_err(no_mac),
            Algorithm::Hs384 => Hmac::new_from_slice(bytes)
                .map(Self::Sha384)
                .map_err(no_mac),
            Algorithm::Hs512 => Hmac::new_from_slice(bytes)
                .map(Self::Sha512)
                .map_err(no_mac),
            _ => Err(KeyError::NoAllowedAlgorithm {
                key: "a shared secret",
            }),
        }
    }

    /// In constant time; a truncated code is refused.
    pub(crate) fn verify(&self, message: &[u8], code: &[u8]) -> Result<(), SignatureInvalid> {
        match self {
            Self::Sha256(mac) => check(mac.clone(), message, code),
            Self::Sha384(mac) => check(mac.clone(), message, code),
            Self::Sha512(mac) => check(mac.clone(), message, code),
        }
    }
}

fn check(mac: impl Mac, message: &[u8], code: &[u8]) -> Result<(), SignatureInvalid> {
    mac.chain_update(message)
        .verify_slice(code)
        .map_err(|_| SignatureInvalid)
}

/// The hash's length in bytes, for `HS*`.
const fn hash_bytes(algorithm: Algorithm) -> Option<usize> {
    match algorithm {
        Algorithm::Hs256 => Some(32),
        Algorithm::Hs384 => Some(48),
        Algorithm::Hs512 => Some(64),
        _ => None,
    }
}

pub(crate) fn check_length(secret: &[u8], algorithm: Algorithm) -> Result<(), KeyError> {
    let bytes = secret.len();
    match hash_bytes(algorithm) {
        Some(wanted) if bytes < wanted => Err(KeyError::SecretTooShort {
            bytes,
            wanted,
            algorithm,
        }),
        _ => Ok(()),
    }
}

impl fmt::Debug for HmacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HmacKey(…)")
    }
}
