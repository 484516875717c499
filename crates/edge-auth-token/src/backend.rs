//! What checks asymmetric signatures. HMAC is not here: it is computed in this crate on all hosts.

use std::fmt::Debug;

use crate::{Algorithm, KeyError, MaybeSend, MaybeSync, PublicKey};

/// A host's implementation of RSA, ECDSA and Ed25519.
pub trait SignatureBackend: MaybeSend + MaybeSync {
    /// Prepares a key for one algorithm, which fits it.
    ///
    /// # Errors `RefusedByBackend` if the key is not valid: its point is not on the curve, say. For
    /// Ed25519, a backend may find that on use, by verifying nothing.
    fn import(
        &self,
        key: &PublicKey,
        algorithm: Algorithm,
    ) -> Result<Box<dyn VerifySignature>, KeyError>;
}

/// One key, ready for checking signatures of one algorithm.
pub trait VerifySignature: Debug + MaybeSend + MaybeSync {
    /// Checks a signature in the form of JOSE (ECDSA: `r || s`, both in range).
    ///
    /// # Errors
    /// [`SignatureInvalid`], whatever is wrong.
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureInvalid>;
}

/// The signature is not that of the key over the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature is not valid")]
pub struct SignatureInvalid;
