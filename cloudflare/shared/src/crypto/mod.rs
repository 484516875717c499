//! Verifies asymmetric signatures of tokens and certificates by workerd's `node:crypto`. HMAC and
//! hashes stay in wasm, where they cost less than a call to JavaScript.

mod chain;

use std::fmt;

use edge_auth_token::{
    Algorithm, Curve, HashFunction, KeyError, PublicKey, SignatureBackend, SignatureInvalid,
    SignatureScheme, VerifySignature,
};
use pki_types::alg_id;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::der;

#[wasm_bindgen(module = "/src/crypto/node.js")]
extern "C" {
    #[wasm_bindgen(catch, js_name = importKey)]
    fn import_key(der: &[u8], form: &str) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_name = verifyBy)]
    fn verify_by(key: &JsValue, hash_bits: u32, message: &[u8], signature: &[u8]) -> bool;

    #[wasm_bindgen(js_name = verifyPss)]
    fn verify_pss(pkcs1: &[u8], hash_bits: u32, message: &[u8], signature: &[u8]) -> bool;
}

/// The runtime's cryptography.
#[derive(Clone, Copy, Debug)]
pub struct NodeCrypto;

/// A signature scheme.
#[derive(Clone, Copy, Debug)]
enum Scheme {
    Pkcs1,
    Pss,
    Ecdsa,
    Ed25519,
}

impl SignatureBackend for NodeCrypto {
    fn import(
        &self,
        key: &PublicKey,
        algorithm: Algorithm,
    ) -> Result<Box<dyn VerifySignature>, KeyError> {
        let (scheme, hash_bits) = scheme(algorithm).ok_or(KeyError::RefusedByBackend)?;
        let bytes = match key {
            PublicKey::Rsa(key) => der::rsa_public_key(key.modulus(), key.exponent()),
            PublicKey::Ec(key) => key.to_uncompressed(),
            PublicKey::Ed25519(key) => key.as_bytes().to_vec(),
        };
        let algorithm = match key {
            PublicKey::Rsa(_) => alg_id::RSA_ENCRYPTION,
            PublicKey::Ec(key) => match key.curve() {
                Curve::P256 => alg_id::ECDSA_P256,
                Curve::P384 => alg_id::ECDSA_P384,
                Curve::P521 => alg_id::ECDSA_P521,
            },
            PublicKey::Ed25519(_) => alg_id::ED25519,
        };
        let key = Key::import(scheme, hash_bits, algorithm.as_ref(), bytes);
        key.map(|key| Box::new(key) as _).ok_or(KeyError::RefusedByBackend)
    }
}

/// Returns the scheme of a JOSE algorithm and the bits of its hash: 0 for Ed25519, which includes
/// its hash. Returns `None` for algorithms with a shared secret.
fn scheme(algorithm: Algorithm) -> Option<(Scheme, u32)> {
    let (scheme, hash) = match algorithm.scheme() {
        SignatureScheme::RsaPkcs1(hash) => (Scheme::Pkcs1, hash),
        SignatureScheme::RsaPss(hash) => (Scheme::Pss, hash),
        SignatureScheme::Ecdsa(Curve::P256) => (Scheme::Ecdsa, HashFunction::Sha256),
        SignatureScheme::Ecdsa(Curve::P384) => (Scheme::Ecdsa, HashFunction::Sha384),
        SignatureScheme::Ecdsa(Curve::P521) => (Scheme::Ecdsa, HashFunction::Sha512),
        SignatureScheme::Ed25519 => return Some((Scheme::Ed25519, 0)),
        SignatureScheme::Hmac(_) => return None,
    };
    let bits = match hash {
        HashFunction::Sha256 => 256,
        HashFunction::Sha384 => 384,
        HashFunction::Sha512 => 512,
    };
    Some((scheme, bits))
}

/// A key that the runtime has accepted.
struct Key {
    scheme: Scheme,
    hash_bits: u32,
    /// The runtime's `KeyObject`.
    object: JsValue,
    /// The `RSAPublicKey` in DER, with which PSS is verified. Empty for other schemes.
    pkcs1: Vec<u8>,
}

impl Key {
    /// Imports a key. `bytes` are the `subjectPublicKey` of a `SubjectPublicKeyInfo` of this
    /// algorithm.
    fn import(scheme: Scheme, hash_bits: u32, algorithm: &[u8], bytes: Vec<u8>) -> Option<Self> {
        let object = match scheme {
            Scheme::Pkcs1 | Scheme::Pss => import_key(&bytes, "pkcs1"),
            Scheme::Ecdsa | Scheme::Ed25519 => {
                import_key(&der::public_key_info(algorithm, &bytes), "spki")
            }
        };
        let pkcs1 = if matches!(scheme, Scheme::Pss) { bytes } else { Vec::new() };
        Some(Self { scheme, hash_bits, object: object.ok()?, pkcs1 })
    }

    /// Verifies a signature; of ECDSA, one in DER.
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match self.scheme {
            Scheme::Pss => verify_pss(&self.pkcs1, self.hash_bits, message, signature),
            Scheme::Pkcs1 | Scheme::Ecdsa | Scheme::Ed25519 => {
                verify_by(&self.object, self.hash_bits, message, signature)
            }
        }
    }
}

impl VerifySignature for Key {
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureInvalid> {
        let valid = match self.scheme {
            Scheme::Ecdsa => self.verify(message, &der::ecdsa_signature(signature)),
            Scheme::Pkcs1 | Scheme::Pss | Scheme::Ed25519 => self.verify(message, signature),
        };
        if valid { Ok(()) } else { Err(SignatureInvalid) }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeCrypto").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}
