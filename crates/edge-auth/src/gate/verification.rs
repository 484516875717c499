//! The input of the verifiers, for one request and one rule.

use edge_auth_token::Timestamp;

use super::revocation::RevocationChecker;
use crate::certificate::CertificateSignatures;
use crate::credential::Wanted;
use crate::policy::{Policy, Rule};
use crate::request::AuthRequest;

/// A request whose credentials are verified for one rule, and the parts of the gate that this
/// needs.
pub(super) struct Verification<'v, P> {
    pub policy: &'v Policy,
    pub platform: &'v P,
    pub backend: &'v dyn CertificateSignatures,
    pub revocations: &'v RevocationChecker,
    pub rule: &'v Rule,
    /// What the rule names, and where it may be.
    pub wanted: &'v Wanted<'v>,
    pub request: &'v AuthRequest<'v>,
    pub now: Timestamp,
}

impl<'v, P> Verification<'v, P> {
    /// Returns the verification of the same request for another rule.
    pub(super) fn for_rule(&self, rule: &'v Rule, wanted: &'v Wanted<'v>) -> Self {
        Self { rule, wanted, ..*self }
    }
}
