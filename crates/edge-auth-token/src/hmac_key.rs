//! HMAC (RFC 7518, section 3.2). This crate computes it on all hosts.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha384, Sha512};

use crate::{Algorithm, HashFunction, KeyError, Secret, SignatureInvalid, SignatureScheme};

/// A secret, ready for checking the codes of one algorithm.
pub(crate) enum HmacKey {
    Sha256(Hmac<Sha256>),
    Sha384(Hmac<Sha384>),
    Sha512(Hmac<Sha512>),
}

impl HmacKey {
    /// Makes a key from a secret that is at least as long as the hash (RFC 7518, section 3.2).
    pub(crate) fn new(secret: &Secret, algorithm: Algorithm) -> Result<Self, KeyError> {
        let bytes = secret.expose();
        check_length(bytes, algorithm)?;
        match algorithm.scheme() {
            SignatureScheme::Hmac(HashFunction::Sha256) => Ok(Self::Sha256(keyed(bytes)?)),
            SignatureScheme::Hmac(HashFunction::Sha384) => Ok(Self::Sha384(keyed(bytes)?)),
            SignatureScheme::Hmac(HashFunction::Sha512) => Ok(Self::Sha512(keyed(bytes)?)),
            SignatureScheme::RsaPkcs1(_)
            | SignatureScheme::RsaPss(_)
            | SignatureScheme::Ecdsa(_)
            | SignatureScheme::Ed25519 => {
                Err(KeyError::NoAllowedAlgorithm { key: "a shared secret" })
            }
        }
    }

    /// Compares in constant time, and refuses a truncated code.
    pub(crate) fn verify(&self, message: &[u8], code: &[u8]) -> Result<(), SignatureInvalid> {
        match self {
            Self::Sha256(mac) => check(mac.clone(), message, code),
            Self::Sha384(mac) => check(mac.clone(), message, code),
            Self::Sha512(mac) => check(mac.clone(), message, code),
        }
    }
}

fn keyed<M: KeyInit>(bytes: &[u8]) -> Result<M, KeyError> {
    M::new_from_slice(bytes).map_err(|_| KeyError::RefusedByBackend)
}

fn check(mac: impl Mac, message: &[u8], code: &[u8]) -> Result<(), SignatureInvalid> {
    mac.chain_update(message).verify_slice(code).map_err(|_| SignatureInvalid)
}

/// Refuses a secret that is shorter than its algorithm's hash. Accepts any length for an asymmetric
/// algorithm, which has no secret.
pub(crate) fn check_length(secret: &[u8], algorithm: Algorithm) -> Result<(), KeyError> {
    let SignatureScheme::Hmac(hash) = algorithm.scheme() else { return Ok(()) };
    let (bytes, wanted) = (secret.len(), hash.bytes());
    if bytes < wanted {
        return Err(KeyError::SecretTooShort { bytes, wanted, algorithm });
    }
    Ok(())
}

impl fmt::Debug for HmacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HmacKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_4231_test_case_6_is_verified() {
        let key = HmacKey::new(&Secret::new(vec![0xaa; 131]), Algorithm::Hs256).unwrap();
        let message = b"Test Using Larger Than Block-Size Key - Hash Key First";
        let code = [
            0x60, 0xe4, 0x31, 0x59, 0x1e, 0xe0, 0xb6, 0x7f, 0x0d, 0x8a, 0x26, 0xaa, 0xcb, 0xf5,
            0xb7, 0x7f, 0x8e, 0x0b, 0xc6, 0x21, 0x37, 0x28, 0xc5, 0x14, 0x05, 0x46, 0x04, 0x0f,
            0x0e, 0xe3, 0x7f, 0x54,
        ];
        assert_eq!(key.verify(message, &code), Ok(()));
        assert_eq!(key.verify(b"", &code), Err(SignatureInvalid));
        for length in 0..code.len() {
            assert_eq!(key.verify(message, &code[..length]), Err(SignatureInvalid), "truncated");
        }
        assert_eq!(key.verify(message, &[&code[..], &[0]].concat()), Err(SignatureInvalid));
    }

    #[test]
    fn a_secret_is_at_least_as_long_as_the_hash() {
        for (algorithm, wanted) in
            [(Algorithm::Hs256, 32), (Algorithm::Hs384, 48), (Algorithm::Hs512, 64)]
        {
            for bytes in [0, 1, wanted - 1] {
                let found = HmacKey::new(&Secret::new(vec![1; bytes]), algorithm);
                assert_eq!(
                    found.unwrap_err(),
                    KeyError::SecretTooShort { bytes, wanted, algorithm }
                );
            }
            for bytes in [wanted, wanted + 1, 200] {
                assert!(HmacKey::new(&Secret::new(vec![1; bytes]), algorithm).is_ok());
            }
        }
    }

    #[test]
    fn debug_shows_nothing_of_the_key() {
        let key = HmacKey::new(&Secret::new(vec![b'x'; 32]), Algorithm::Hs256).unwrap();
        assert_eq!(format!("{key:?}"), "HmacKey(…)");
    }
}
