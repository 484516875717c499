//! The signatures that certificates are verified with: the host's, like those of tokens.

use edge_auth_token::SignatureBackend;
use pki_types::SignatureVerificationAlgorithm;

/// A host's cryptography: for tokens, and for the chains of certificates.
pub trait CertificateSignatures: SignatureBackend {
    /// The algorithms that a certificate may be signed with: no SHA-1 or weaker; RSA keys have 2048 to
    /// 8192 bits.
    fn certificate_signatures(&self) -> &[&'static dyn SignatureVerificationAlgorithm];
}

#[cfg(feature = "aws-lc-rs")]
mod native {
    use edge_auth_token::AwsLcRs;
    use pki_types::SignatureVerificationAlgorithm;
    use webpki::aws_lc_rs::*;

    /// RSA keys of certificates that say nothing of PSS may sign with it, hence "legacy".
    static ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = &[
        ECDSA_P256_SHA256,
        ECDSA_P256_SHA384,
        ECDSA_P256_SHA512,
        ECDSA_P384_SHA256,
        ECDSA_P384_SHA384,
        ECDSA_P384_SHA512,
        ECDSA_P521_SHA256,
        ECDSA_P521_SHA384,
        ECDSA_P521_SHA512,
        ED25519,
        RSA_PKCS1_2048_8192_SHA256,
        RSA_PKCS1_2048_8192_SHA384,
        RSA_PKCS1_2048_8192_SHA512,
        RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
        RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
        RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
    ];

    impl super::CertificateSignatures for AwsLcRs {
        fn certificate_signatures(&self) -> &[&'static dyn SignatureVerificationAlgorithm] {
            ALGORITHMS
        }
    }
}
