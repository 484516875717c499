//! Verifies signatures of certificates for webpki.

use edge_auth::certificate::CertificateSignatures;
use pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};

use super::{Key, NodeCrypto, Scheme};

impl CertificateSignatures for NodeCrypto {
    fn certificate_signatures(&self) -> &[&'static dyn SignatureVerificationAlgorithm] {
        ALGORITHMS
    }
}

#[derive(Debug)]
struct Signature {
    key: AlgorithmIdentifier,
    signature: AlgorithmIdentifier,
    scheme: Scheme,
    hash_bits: u32,
}

/// The native host's algorithms: any hash with any curve, and PSS by keys of the type
/// `rsaEncryption`.
static ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = &[
    &ecdsa(alg_id::ECDSA_P256, alg_id::ECDSA_SHA256, 256),
    &ecdsa(alg_id::ECDSA_P256, alg_id::ECDSA_SHA384, 384),
    &ecdsa(alg_id::ECDSA_P256, alg_id::ECDSA_SHA512, 512),
    &ecdsa(alg_id::ECDSA_P384, alg_id::ECDSA_SHA256, 256),
    &ecdsa(alg_id::ECDSA_P384, alg_id::ECDSA_SHA384, 384),
    &ecdsa(alg_id::ECDSA_P384, alg_id::ECDSA_SHA512, 512),
    &ecdsa(alg_id::ECDSA_P521, alg_id::ECDSA_SHA256, 256),
    &ecdsa(alg_id::ECDSA_P521, alg_id::ECDSA_SHA384, 384),
    &ecdsa(alg_id::ECDSA_P521, alg_id::ECDSA_SHA512, 512),
    &Signature {
        key: alg_id::ED25519,
        signature: alg_id::ED25519,
        scheme: Scheme::Ed25519,
        hash_bits: 0,
    },
    &rsa(alg_id::RSA_PKCS1_SHA256, Scheme::Pkcs1, 256),
    &rsa(alg_id::RSA_PKCS1_SHA384, Scheme::Pkcs1, 384),
    &rsa(alg_id::RSA_PKCS1_SHA512, Scheme::Pkcs1, 512),
    &rsa(alg_id::RSA_PSS_SHA256, Scheme::Pss, 256),
    &rsa(alg_id::RSA_PSS_SHA384, Scheme::Pss, 384),
    &rsa(alg_id::RSA_PSS_SHA512, Scheme::Pss, 512),
];

const fn ecdsa(
    key: AlgorithmIdentifier,
    signature: AlgorithmIdentifier,
    hash_bits: u32,
) -> Signature {
    Signature { key, signature, scheme: Scheme::Ecdsa, hash_bits }
}

const fn rsa(signature: AlgorithmIdentifier, scheme: Scheme, hash_bits: u32) -> Signature {
    Signature { key: alg_id::RSA_ENCRYPTION, signature, scheme, hash_bits }
}

impl SignatureVerificationAlgorithm for Signature {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let key = Key::import(self.scheme, self.hash_bits, self.key.as_ref(), public_key.to_vec());
        let valid = key.is_some_and(|key| key.verify(message, signature));
        if valid { Ok(()) } else { Err(InvalidSignature) }
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.key
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}
