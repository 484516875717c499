//! Public keys that may check signatures, before a backend imports them.

mod ec;
mod ed25519;
mod rsa;

pub use ec::EcPublicKey;
pub use ed25519::Ed25519PublicKey;
pub use rsa::RsaPublicKey;

use crate::{Algorithm, Curve, SignatureScheme};

/// A public key whose numbers are in range. The backend checks that a point is on its curve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// For `RS*` and `PS*`.
    Rsa(RsaPublicKey),
    /// For `ES*`, by curve.
    Ec(EcPublicKey),
    /// For `EdDSA`.
    Ed25519(Ed25519PublicKey),
}

impl PublicKey {
    /// Returns whether the key's type and curve are those of `algorithm`.
    pub(crate) fn fits(&self, algorithm: Algorithm) -> bool {
        match algorithm.scheme() {
            SignatureScheme::RsaPkcs1(_) | SignatureScheme::RsaPss(_) => {
                matches!(self, Self::Rsa(_))
            }
            SignatureScheme::Ecdsa(curve) => matches!(self, Self::Ec(key) if key.curve() == curve),
            SignatureScheme::Ed25519 => matches!(self, Self::Ed25519(_)),
            SignatureScheme::Hmac(_) => false,
        }
    }

    /// Returns whether a signature has the one form that it may have for this key. Checked before
    /// the backend, so that all backends refuse the same signatures (CVE-2022-21449: `r` and `s`
    /// zero).
    pub(crate) fn accepts_form_of(&self, signature: &[u8]) -> bool {
        match self {
            Self::Rsa(key) => signature.len() == key.modulus().len(),
            Self::Ec(key) => key.curve().accepts_form_of(signature),
            Self::Ed25519(_) => signature.len() == 64,
        }
    }

    /// Describes the key, with its article, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "an RSA key",
            Self::Ec(key) => match key.curve() {
                Curve::P256 => "a P-256 key",
                Curve::P384 => "a P-384 key",
                Curve::P521 => "a P-521 key",
            },
            Self::Ed25519(_) => "an Ed25519 key",
        }
    }
}
