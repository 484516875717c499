//! A key that is ready for checking signatures, with the allowed algorithms only.

use std::collections::BTreeSet;

use crate::hmac_key::HmacKey;
use crate::jwk::Material;
use crate::{
    Algorithm, Jwk, KeyError, PublicKey, Secret, SignatureBackend, TokenError, VerifySignature,
    key_confusion,
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
    Public { key: PublicKey, verify: Box<dyn VerifySignature> },
}

impl VerifyingKey {
    /// Makes a key from a key of a set. `allowed` lists the algorithms that the issuer's
    /// configuration allows. The key serves those that fit its `alg` (if it has one), type and
    /// curve.
    ///
    /// # Errors
    /// `MixedAlgorithms`, `NoAllowedAlgorithm`, `SecretTooShort` for one of the allowed algorithms,
    /// or the backend's error.
    pub fn from_jwk(
        jwk: &Jwk,
        allowed: &[Algorithm],
        backend: &dyn SignatureBackend,
    ) -> Result<Self, KeyError> {
        let mut algorithms = distinct(allowed)?;
        if let Some(own) = jwk.algorithm {
            algorithms.retain(|algorithm| *algorithm == own);
        }
        Self::new(jwk.key_id.clone(), &jwk.material, algorithms, backend)
    }

    /// Makes a key from a shared secret, without a key identifier. An issuer with one secret needs
    /// no [`KeySet`](crate::KeySet): the secret verifies all its tokens, with any `kid`.
    ///
    /// # Errors
    /// `MixedAlgorithms`, `NoAllowedAlgorithm` if `allowed` has no symmetric algorithm,
    /// `SecretTooShort` for one of the allowed algorithms, `SecretIsAKey` if the secret has the
    /// form of a PEM, JWK, SSH or DER key.
    pub fn from_secret(secret: &Secret, allowed: &[Algorithm]) -> Result<Self, KeyError> {
        key_confusion::refuse(secret.expose())?;
        let material = Material::Secret(secret.clone());
        Self::new(None, &material, distinct(allowed)?, &NoBackend)
    }

    fn new(
        key_id: Option<String>,
        material: &Material,
        algorithms: BTreeSet<Algorithm>,
        backend: &dyn SignatureBackend,
    ) -> Result<Self, KeyError> {
        let mut verifiers = Vec::new();
        for algorithm in algorithms {
            if material.fits(algorithm) {
                verifiers.push((algorithm, Verifier::new(material, algorithm, backend)?));
            }
        }
        if verifiers.is_empty() {
            return Err(KeyError::NoAllowedAlgorithm { key: material.kind() });
        }
        Ok(Self { key_id, verifiers })
    }

    /// Returns `kid`, if the key came from a set and has one.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// Returns the algorithms that the key may be used with, at least one.
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        self.verifiers.iter().map(|(algorithm, _)| *algorithm)
    }

    pub(crate) fn verify(
        &self,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), TokenError> {
        let Some((_, verifier)) = self.verifiers.iter().find(|(own, _)| *own == algorithm) else {
            return Err(TokenError::KeyDoesNotFit { algorithm });
        };
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
            Material::Secret(secret) => Ok(Self::Hmac(Box::new(HmacKey::new(secret, algorithm)?))),
            Material::Public(key) => {
                let verify = backend.import(key, algorithm)?;
                Ok(Self::Public { key: key.clone(), verify })
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
        if valid { Ok(()) } else { Err(TokenError::SignatureInvalid) }
    }
}

/// Returns the allowed algorithms, each once. Refuses symmetric ones together with others (RFC
/// 8725, section 3.1).
fn distinct(allowed: &[Algorithm]) -> Result<BTreeSet<Algorithm>, KeyError> {
    let symmetric = allowed.iter().filter(|algorithm| algorithm.is_symmetric()).count();
    if symmetric != 0 && symmetric != allowed.len() {
        return Err(KeyError::MixedAlgorithms);
    }
    Ok(allowed.iter().copied().collect())
}

/// The backend of a shared secret, which never imports a public key.
struct NoBackend;

impl SignatureBackend for NoBackend {
    fn import(&self, _: &PublicKey, _: Algorithm) -> Result<Box<dyn VerifySignature>, KeyError> {
        Err(KeyError::RefusedByBackend)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::JwkSet;

    const HS: [Algorithm; 3] = [Algorithm::Hs256, Algorithm::Hs384, Algorithm::Hs512];

    fn secret(bytes: usize) -> Secret {
        Secret::new(vec![7; bytes])
    }

    fn octets(members: &str) -> Jwk {
        let text = format!(r#"{{"keys":[{{"kty":"oct"{members},"k":"{}"}}]}}"#, "A".repeat(86));
        JwkSet::parse(text.as_bytes()).unwrap().keys.remove(0)
    }

    #[test]
    fn symmetric_and_asymmetric_algorithms_are_never_allowed_together() {
        let mixed = [Algorithm::Hs256, Algorithm::Rs256];
        let found = VerifyingKey::from_secret(&secret(64), &mixed).unwrap_err();
        assert_eq!(found, KeyError::MixedAlgorithms);
        let found = VerifyingKey::from_jwk(&octets(""), &mixed, &NoBackend).unwrap_err();
        assert_eq!(found, KeyError::MixedAlgorithms);
    }

    #[test]
    fn a_published_secret_is_refused_for_asymmetric_algorithms() {
        let found =
            VerifyingKey::from_jwk(&octets(""), Algorithm::ASYMMETRIC, &NoBackend).unwrap_err();
        assert_eq!(found, KeyError::NoAllowedAlgorithm { key: "a shared secret" });
        assert!(VerifyingKey::from_jwk(&octets(""), &[], &NoBackend).is_err());
    }

    #[test]
    fn a_key_serves_its_own_algorithm_only() {
        let key = VerifyingKey::from_jwk(&octets(r#","alg":"HS384","kid":"k""#), &HS, &NoBackend)
            .unwrap();
        assert_eq!(key.algorithms().collect::<Vec<_>>(), [Algorithm::Hs384]);
        assert_eq!(key.key_id(), Some("k"));
        let found =
            VerifyingKey::from_jwk(&octets(r#","alg":"HS384""#), &HS[..1], &NoBackend).unwrap_err();
        assert_eq!(found, KeyError::NoAllowedAlgorithm { key: "a shared secret" });
    }

    #[test]
    fn a_secret_is_long_enough_for_every_allowed_algorithm() {
        let key = VerifyingKey::from_secret(&secret(64), &HS).unwrap();
        assert_eq!(key.algorithms().collect::<Vec<_>>(), HS);
        let found = VerifyingKey::from_secret(&secret(63), &HS).unwrap_err();
        assert_eq!(
            found,
            KeyError::SecretTooShort { bytes: 63, wanted: 64, algorithm: Algorithm::Hs512 }
        );
        assert!(
            VerifyingKey::from_secret(&secret(32), &[Algorithm::Hs256, Algorithm::Hs256]).is_ok()
        );
        assert!(VerifyingKey::from_secret(&secret(0), &[Algorithm::Hs256]).is_err());
        assert!(VerifyingKey::from_secret(&secret(64), &[]).is_err());
        assert!(VerifyingKey::from_secret(&secret(64), &[Algorithm::Rs256]).is_err());
    }

    #[test]
    #[cfg(not(target_family = "wasm"))]
    fn a_key_may_be_shared_between_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<VerifyingKey>();
    }

    /// Accepts every signature.
    #[derive(Debug)]
    struct Gullible;

    impl SignatureBackend for Gullible {
        fn import(
            &self,
            _: &PublicKey,
            _: Algorithm,
        ) -> Result<Box<dyn VerifySignature>, KeyError> {
            Ok(Box::new(Self))
        }
    }

    impl VerifySignature for Gullible {
        fn verify(&self, _: &[u8], _: &[u8]) -> Result<(), crate::SignatureInvalid> {
            Ok(())
        }
    }

    #[test]
    fn signatures_of_another_form_do_not_reach_the_backend() {
        let set = format!(
            r#"{{"keys":[
                {{"kty":"EC","crv":"P-256","x":"{x}","y":"{x}"}},
                {{"kty":"OKP","crv":"Ed25519","x":"{x}"}},
                {{"kty":"RSA","e":"AQAB","n":"{n}"}}
            ]}}"#,
            x = "A1".repeat(21) + "A",
            n = "_".repeat(341) + "w",
        );
        let set = JwkSet::parse(set.as_bytes()).unwrap();
        let lengths = [(Algorithm::Es256, 64), (Algorithm::EdDsa, 64), (Algorithm::Rs256, 256)];
        for (jwk, (algorithm, length)) in set.keys.iter().zip(lengths) {
            let key = VerifyingKey::from_jwk(jwk, &[algorithm], &Gullible).unwrap();
            assert_eq!(key.verify(algorithm, b"", &vec![1; length]), Ok(()));
            for length in [0, length - 1, length + 1, 2 * length] {
                let found = key.verify(algorithm, b"", &vec![1; length]);
                assert_eq!(found, Err(TokenError::SignatureInvalid), "{algorithm} {length}");
            }
        }
        assert_eq!(set.keys.len(), lengths.len());
        let key = VerifyingKey::from_jwk(&set.keys[0], Algorithm::ASYMMETRIC, &Gullible).unwrap();
        for signature in [[0; 64], [0xff; 64]] {
            let found = key.verify(Algorithm::Es256, b"", &signature);
            assert_eq!(found, Err(TokenError::SignatureInvalid));
        }
    }

    #[test]
    fn a_public_key_is_refused_as_a_secret() {
        let pem =
            format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----", "A".repeat(64));
        let found = VerifyingKey::from_secret(&Secret::new(pem), &HS).unwrap_err();
        assert_eq!(found, KeyError::SecretIsAKey { form: "a key or certificate in PEM" });
    }
}
