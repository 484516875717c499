//! Keys of every kind, generated once for each run, and tokens that they sign.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "each test binary uses a part of it; a panic is a failed test"
)]
#![allow(
    unexpected_cfgs,
    reason = "another crate runs these tests with its backend, and has this feature"
)]

use std::sync::LazyLock;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature as aws;
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use edge_auth_token::{Algorithm, Jwk, JwkSet, KeyError, VerifyingKey};
use serde_json::{Value, json};

/// The backend under test.
#[cfg(not(feature = "workers"))]
pub(crate) fn backend() -> &'static dyn edge_auth_token::SignatureBackend {
    &edge_auth_token::AwsLcRs
}
#[cfg(feature = "workers")]
pub(crate) use crate::signatures::backend;

/// An issuer's key pair.
pub(crate) enum Signer {
    Rsa(aws::RsaKeyPair),
    Ec(Algorithm, aws::EcdsaKeyPair),
    Ed25519(aws::Ed25519KeyPair),
}

pub(crate) static RSA: LazyLock<Signer> =
    LazyLock::new(|| Signer::Rsa(aws::RsaKeyPair::generate(KeySize::Rsa2048).unwrap()));
pub(crate) static P256: LazyLock<Signer> = LazyLock::new(|| ec(Algorithm::Es256));
pub(crate) static P384: LazyLock<Signer> = LazyLock::new(|| ec(Algorithm::Es384));
pub(crate) static P521: LazyLock<Signer> = LazyLock::new(|| ec(Algorithm::Es512));
pub(crate) static ED25519: LazyLock<Signer> =
    LazyLock::new(|| Signer::Ed25519(aws::Ed25519KeyPair::generate().unwrap()));

/// Returns every asymmetric algorithm with a key for it.
pub(crate) fn every_algorithm() -> impl Iterator<Item = (Algorithm, &'static Signer)> {
    Algorithm::ASYMMETRIC.iter().map(|&algorithm| {
        let signer = match algorithm {
            Algorithm::Es256 => &*P256,
            Algorithm::Es384 => &*P384,
            Algorithm::Es512 => &*P521,
            Algorithm::EdDsa => &*ED25519,
            _ => &*RSA,
        };
        (algorithm, signer)
    })
}

fn ec(algorithm: Algorithm) -> Signer {
    let parameters = match algorithm {
        Algorithm::Es256 => &aws::ECDSA_P256_SHA256_FIXED_SIGNING,
        Algorithm::Es384 => &aws::ECDSA_P384_SHA384_FIXED_SIGNING,
        _ => &aws::ECDSA_P521_SHA512_FIXED_SIGNING,
    };
    Signer::Ec(algorithm, aws::EcdsaKeyPair::generate(parameters).unwrap())
}

impl Signer {
    /// Returns the public key as a JWK without `kid` and `alg`.
    pub(crate) fn jwk(&self) -> Value {
        match self {
            Self::Rsa(pair) => {
                // RSAPublicKey of 2048 bits: SEQUENCE, INTEGER n (257 bytes, the first zero),
                // INTEGER e.
                let der = pair.public_key().as_ref();
                json!({"kty": "RSA", "n": b64(&der[9..265]), "e": b64(&der[267..])})
            }
            Self::Ec(algorithm, pair) => {
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                let curve = match algorithm {
                    Algorithm::Es256 => "P-256",
                    Algorithm::Es384 => "P-384",
                    _ => "P-521",
                };
                json!({"kty": "EC", "crv": curve, "x": b64(x), "y": b64(y)})
            }
            Self::Ed25519(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": b64(pair.public_key().as_ref())})
            }
        }
    }

    pub(crate) fn pkcs8(&self) -> Vec<u8> {
        match self {
            Self::Rsa(pair) => AsDer::<Pkcs8V1Der<'_>>::as_der(pair).unwrap().as_ref().to_vec(),
            Self::Ec(_, pair) => pair.to_pkcs8v1().unwrap().as_ref().to_vec(),
            Self::Ed25519(pair) => pair.to_pkcs8v1().unwrap().as_ref().to_vec(),
        }
    }

    pub(crate) fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Rsa(pair) => {
                let padding: &dyn aws::RsaEncoding = match algorithm {
                    Algorithm::Rs256 => &aws::RSA_PKCS1_SHA256,
                    Algorithm::Rs384 => &aws::RSA_PKCS1_SHA384,
                    Algorithm::Rs512 => &aws::RSA_PKCS1_SHA512,
                    Algorithm::Ps256 => &aws::RSA_PSS_SHA256,
                    Algorithm::Ps384 => &aws::RSA_PSS_SHA384,
                    _ => &aws::RSA_PSS_SHA512,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &SystemRandom::new(), message, &mut signature).unwrap();
                signature
            }
            Self::Ec(_, pair) => {
                pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()
            }
            Self::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }

    /// Signs a token with this header and these claims.
    pub(crate) fn token_with(
        &self,
        algorithm: Algorithm,
        header: &Value,
        claims: &Value,
    ) -> String {
        let input = format!("{}.{}", b64(header.to_string()), b64(claims.to_string()));
        let signature = self.sign(algorithm, input.as_bytes());
        format!("{input}.{}", b64(signature))
    }

    pub(crate) fn token(&self, algorithm: Algorithm, claims: &Value) -> String {
        self.token_with(algorithm, &json!({"alg": algorithm, "typ": "at+jwt"}), claims)
    }
}

pub(crate) fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Parses the JSON of a JWK.
pub(crate) fn jwk(key: &Value) -> Result<Jwk, KeyError> {
    let mut set = JwkSet::parse(json!({"keys": [key]}).to_string().as_bytes()).unwrap();
    match set.skipped.pop() {
        Some(skipped) => Err(skipped.error),
        None => Ok(set.keys.remove(0)),
    }
}

pub(crate) fn verifying_key(key: &Value, allowed: &[Algorithm]) -> Result<VerifyingKey, KeyError> {
    VerifyingKey::from_jwk(&jwk(key)?, allowed, backend())
}
