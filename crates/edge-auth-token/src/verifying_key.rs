//! A key that is ready for checking signatures, and only with the algorithms allowed to it.

use std::collections::BTreeSet;

use crate::hmac_key::HmacKey;
use crate::jwk::Material;
use crate::{
    Algorithm, Jwk, KeyError, PublicKey, Secret, SignatureBackend, TokenError, VerifySignature,
    disguised_key,
};

/// A key, parsed once for every algorithm that the configuration allows and the key fits.
#[derive(Debug)]
pub struct VerifyingKey {
    key_id: Option<String>,
    verifiers: Vec<(Algorithm, Verifier)>,
}

#[derive(Debug)]
enum Verifier {
    Hmac(Box<HmacKey>),
    Public {
        key: PublicKey,
        verify: Box<dyn VerifySignature>,
    },
}

impl VerifyingKey {
    /// From a key of a set. `allowed` is what the issuer's configuration allows; of it, the key
    /// serves those algorithms that are its own `alg` (if it has one) and of its type and curve.
    ///
    /// # Errors
    /// `MixedAlgorithms`, `NoAllowedAlgorithm`, `SecretTooShort` for one of the allowed algorithms,
    /// or whatever the backend has against the key.
    pub fn from_jwk(
        jwk: &Jwk,
        allowed: &[Algorithm],
        backend: &dyn SignatureBackend,
    ) -> Result<Self, KeyError> {
        let own = |algorithm: &Algorithm| jwk.algorithm.is_none_or(|own| own == *algorithm);
        let algorithms = distinct(allowed)?.into_iter().filter(own);
        Self::new(jwk.key_id.clone(), &jwk.material, algorithms, backend)
    }

    /// From a shared secret, which has no key identifier. An issuer with one secret needs no
    /// [`KeySet`](crate::KeySet): every token of his is verified with it, whatever its `kid`.
    ///
    /// # Errors
    /// `MixedAlgorithms`, `NoAllowedAlgorithm` if none is symmetric, `SecretTooShort` for one of the
    /// allowed algorithms, `SecretIsAKey` if it has the form of a PEM, JWK, SSH or DER key.
    pub fn from_secret(secret: &Secret, allowed: &[Algorithm]) -> Result<Self, KeyError> {
        disguised_key::refuse(secret.expose())?;
        let algorithms = distinct(allowed)?.into_iter();
        let material = Material::Secret(secret.clone());
        Self::new(None, &material, algorithms, &NoBackend)
    }

    fn new(
        key_id: Option<String>,
        material: &Material,
        algorithms: impl Iterator<Item = Algorithm>,
        backend: &dyn SignatureBackend,
    ) -> Result<Self, KeyError> {
        let verifiers: Vec<_> = algorithms
            .filter(|&algorithm| material.fits(algorithm))
            .map(|algorithm| Ok((algorithm, Verifier::new(material, algorithm, backend)?)))
            .collect::<Result<_, KeyError>>()?;
        if verifiers.is_empty() {
            return Err(KeyError::NoAllowedAlgorithm {
                key: material.kind(),
            });
        }
        Ok(Self { key_id, verifiers })
    }

    /// `kid`, if the key came from a set and has one.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// The algorithms that the key may be used with: at least one.
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        self.verifiers.iter().map(|(algorithm, _)| *algorithm)
    }

    pub(crate) fn verify(
        &self,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), TokenError> {
        let (_, verifier) = self
            .verifiers
            .iter()
            .find(|(candidate, _)| *candidate == algorithm)
            .ok_or(TokenError::KeyDoesNotFit { algorithm })?;
        verifier.verify(message, signature)
    }
}

impl Verifier {
    fn new(
        material: &Material,
        algorithm: Algorithm,
        backend: &dyn SignatureBackend,
    ) -> Result<Self, KeyError> {
        match material {
            Material::Secret(secret) => HmacKey::new(secret, algorithm)
                .map(Box::new)
                .map(Self::Hmac),
            Material::Public(key) => {
                let verify = backend.import(key, algorithm)?;
                Ok(Self::Public {
                    key: key.clone(),
                    verify,
                })
            }
        }
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), TokenError> {
        let valid = match self {
            Self::Hmac(key) => key.verify(message, signature).is_ok(),
            Self::Public { key, verify } => {
                key.accepts_form_of(signature) && verify.verify(message, signature).is_ok()
            }
        };
        if valid {
            Ok(())
        } else {
            Err(TokenError::SignatureInvalid)
        }
    }
}

/// The allowed algorithms, each once; never symmetric ones with others (RFC 8725, section 3.1).
fn distinct(allowed: &[Algorithm]) -> Result<BTreeSet<Algorithm>, KeyError> {
    let symmetric = allowed
        .iter()
        .filter(|algorithm| algorithm.is_symmetric())
        .count();
    if symmetric != 0 && symmetric != allowed.len() {
        return Err(KeyError::MixedAlgorithms);
    }
    Ok(allowed.iter().copied().collect())
}

/// Where there is a secret only, nothing asymmetric is imported.
struct NoBackend;

impl SignatureBackend for NoBackend {
    fn import(&self, _: &PublicKey, _: Algorithm) -> Result<Box<dyn VerifySignature>, KeyError> {
        Err(KeyError::RefusedByBackend)
    }
}
