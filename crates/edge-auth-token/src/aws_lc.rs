//! The native backend: AWS-LC.

use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519,
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384,
    RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents, VerificationAlgorithm,
};

use crate::{
    Algorithm, Curve, EcPublicKey, Ed25519PublicKey, HashFunction, KeyError, PublicKey,
    RsaPublicKey, SignatureBackend, SignatureInvalid, SignatureScheme, VerifySignature,
};

/// RSA, ECDSA and Ed25519 by AWS-LC.
#[derive(Clone, Copy, Debug, Default)]
pub struct AwsLcRs;

impl SignatureBackend for AwsLcRs {
    fn import(
        &self,
        key: &PublicKey,
        algorithm: Algorithm,
    ) -> Result<Box<dyn VerifySignature>, KeyError> {
        let parsed = match key {
            PublicKey::Rsa(key) => rsa(key, algorithm),
            PublicKey::Ec(key) => ec(key, algorithm),
            PublicKey::Ed25519(key) => ed25519(key, algorithm),
        };
        let parsed = parsed.ok_or(KeyError::RefusedByBackend)?;
        Ok(Box::new(Key { algorithm, parsed }))
    }
}

fn rsa(key: &RsaPublicKey, algorithm: Algorithm) -> Option<ParsedPublicKey> {
    use HashFunction::{Sha256, Sha384, Sha512};
    let parameters: &'static RsaParameters = match algorithm.scheme() {
        SignatureScheme::RsaPkcs1(Sha256) => &RSA_PKCS1_2048_8192_SHA256,
        SignatureScheme::RsaPkcs1(Sha384) => &RSA_PKCS1_2048_8192_SHA384,
        SignatureScheme::RsaPkcs1(Sha512) => &RSA_PKCS1_2048_8192_SHA512,
        SignatureScheme::RsaPss(Sha256) => &RSA_PSS_2048_8192_SHA256,
        SignatureScheme::RsaPss(Sha384) => &RSA_PSS_2048_8192_SHA384,
        SignatureScheme::RsaPss(Sha512) => &RSA_PSS_2048_8192_SHA512,
        SignatureScheme::Ecdsa(_) | SignatureScheme::Ed25519 | SignatureScheme::Hmac(_) => {
            return None;
        }
    };
    RsaPublicKeyComponents { n: key.modulus(), e: key.exponent() }
        .to_parsed_public_key(parameters)
        .ok()
}

fn ec(key: &EcPublicKey, algorithm: Algorithm) -> Option<ParsedPublicKey> {
    let parameters: &'static dyn VerificationAlgorithm = match algorithm.scheme() {
        SignatureScheme::Ecdsa(Curve::P256) => &ECDSA_P256_SHA256_FIXED,
        SignatureScheme::Ecdsa(Curve::P384) => &ECDSA_P384_SHA384_FIXED,
        SignatureScheme::Ecdsa(Curve::P521) => &ECDSA_P521_SHA512_FIXED,
        SignatureScheme::RsaPkcs1(_)
        | SignatureScheme::RsaPss(_)
        | SignatureScheme::Ed25519
        | SignatureScheme::Hmac(_) => return None,
    };
    ParsedPublicKey::new(parameters, key.to_uncompressed()).ok()
}

fn ed25519(key: &Ed25519PublicKey, algorithm: Algorithm) -> Option<ParsedPublicKey> {
    match algorithm.scheme() {
        SignatureScheme::Ed25519 => ParsedPublicKey::new(&ED25519, key.as_bytes()).ok(),
        SignatureScheme::RsaPkcs1(_)
        | SignatureScheme::RsaPss(_)
        | SignatureScheme::Ecdsa(_)
        | SignatureScheme::Hmac(_) => None,
    }
}

struct Key {
    algorithm: Algorithm,
    parsed: ParsedPublicKey,
}

impl VerifySignature for Key {
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureInvalid> {
        self.parsed.verify_sig(message, signature).map_err(|_| SignatureInvalid)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsLcRs").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}
