//! Checks asymmetric signatures. HMAC needs no backend: this crate computes it on all hosts.

use std::fmt::Debug;

use crate::{Algorithm, KeyError, MaybeSend, MaybeSync, PublicKey};

/// A host's implementation of RSA, ECDSA and Ed25519.
pub trait SignatureBackend: MaybeSend + MaybeSync {
    /// Prepares a key for one algorithm that fits it.
    ///
    /// # Errors
    /// `RefusedByBackend` if the key is not valid: its point is not on the curve, say. For Ed25519,
    /// a backend may accept such a key here and reject every signature instead.
    fn import(
        &self,
        key: &PublicKey,
        algorithm: Algorithm,
    ) -> Result<Box<dyn VerifySignature>, KeyError>;
}

/// A key that is ready for checking signatures of one algorithm.
pub trait VerifySignature: Debug + MaybeSend + MaybeSync {
    /// Checks a signature in the form of JOSE (ECDSA: `r || s`, both in range).
    ///
    /// # Errors
    /// [`SignatureInvalid`], whatever the reason.
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureInvalid>;
}

/// The key did not make the signature over the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature is not valid")]
pub struct SignatureInvalid;
