//! Verifies the credentials of a request that its rule names.

use std::sync::Arc;

use super::admission::check_same_site;
use super::api_key::ApiKeyVerifier;
use super::certificate::CertificateVerifier;
use super::context::DecisionContext;
use super::token::TokenVerifier;
use super::upgrade::wants_websocket;
use super::verification::Verification;
use crate::credential::PresentedCredentials;
use crate::denial::{Code, Denial};
use crate::platform::Platform;
use crate::policy::{Access, CredentialRef, Policy};
use crate::principal::Principal;

/// One verifier for each kind of credential.
pub(super) struct Verifiers {
    pub tokens: TokenVerifier,
    pub api_keys: ApiKeyVerifier,
    pub certificates: CertificateVerifier,
}

impl Verifiers {
    /// Verifies every credential that is presented *and* named by the rule. One bad credential
    /// refuses the request, whatever else it carries. Returns the first principal in the order of
    /// the rule.
    pub(super) async fn verify<P: Platform>(
        &self,
        verification: &Verification<'_, P>,
        context: &mut DecisionContext,
    ) -> Result<Arc<Principal>, Denial> {
        let Verification { policy, rule, wanted, request, revocations, now, .. } = *verification;
        let query = request.target.split_once('?').map(|(_, query)| query);
        let PresentedCredentials { tokens, api_key } =
            wanted.extract(request.headers, query, |text| self.api_keys.recognises(text))?;

        let mut verified: Vec<(CredentialRef, Arc<Principal>)> = Vec::with_capacity(2);
        let certificate = self.certificates.verify(verification, context).await?;
        if let Some(good) = &certificate {
            verified.push((good.named, Arc::clone(&good.certificate.principal)));
        }
        for presented in tokens {
            check_same_site(rule, request, presented.place, wants_websocket(request))?;
            let token = self.tokens.verify(presented, verification, context).await?;
            self.certificates
                .check_binding(token.confirmation, certificate.clone(), verification, context)
                .await?;
            verified.push((token.named, token.principal));
        }
        if let Some(key) = api_key {
            verified.push(self.api_keys.verify(key, verification, context).await?);
        }
        revocations.ensure_still_fresh(now, context)?;

        let (mut first, mut missing) = (None, Vec::new());
        for named in rule.access.named() {
            let position = verified.iter().position(|(name, _)| name == named);
            context.named(named, position.is_some(), policy);
            match position {
                Some(_) => first = first.or(position),
                None => missing.push(named),
            }
        }
        let is_met = match rule.access {
            Access::All(_) => missing.is_empty(),
            Access::Any(_) | Access::Public => true,
        };
        match first {
            Some(first) if is_met => Ok(verified.swap_remove(first).1),
            Some(_) | None => {
                let mut reason = missing_reason(policy, &rule.access, &missing);
                if let Some(overlooked) = wanted.overlooked(request.headers) {
                    reason = format!("{reason}; {overlooked}");
                }
                Err(Denial::new(Code::CredentialMissing, reason))
            }
        }
    }
}

fn missing_reason(policy: &Policy, access: &Access, missing: &[&CredentialRef]) -> String {
    let names: Vec<String> = missing.iter().map(|named| policy.name_of(named)).collect();
    let names = names.join(", ");
    match access {
        Access::All(_) => format!("not presented: {names}"),
        Access::Any(_) | Access::Public => format!("none of these is presented: {names}"),
    }
}
