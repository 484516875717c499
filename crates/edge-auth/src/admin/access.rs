//! Who may administer: whoever has the bootstrap secret, and whomever the policy's rules let
//! through to the path with the scope that the action needs.

use edge_auth_token::{Secret, Timestamp};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::AdminScope;
use crate::credential::bearer;
use crate::denial::{Code, Denial};
use crate::endpoints::InboundRequest;
use crate::gate::{Decision, Gate, Grant, Outcome};
use crate::platform::{Platform, Randomness, Unavailable};
use crate::policy::Rule;
use crate::request::AuthRequest;

/// What a bootstrap secret begins with, for people and for secret scanners.
pub const BOOTSTRAP_PREFIX: &str = "edge-auth-admin_";

/// A new bootstrap secret: 256 random bits in base64url behind [`BOOTSTRAP_PREFIX`].
pub fn bootstrap_secret(randomness: &dyn Randomness) -> Result<Secret, Unavailable> {
    use base64::Engine;
    let mut bytes = zeroize::Zeroizing::new([0; 32]);
    randomness.fill(&mut *bytes)?;
    let digits =
        zeroize::Zeroizing::new(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(*bytes));
    Ok(Secret::new(format!("{BOOTSTRAP_PREFIX}{}", *digits)))
}

/// What goes into the policy for a bootstrap secret: `sha256:` and 64 hexadecimal digits. The
/// secret has 256 random bits, so a plain hash gives nothing away.
pub fn bootstrap_hash(secret: &Secret) -> String {
    let digits: String =
        Sha256::digest(secret.expose()).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{digits}")
}

pub(crate) fn parse_bootstrap_hash(text: &str) -> Option<[u8; 32]> {
    let (pairs, rest) = text.strip_prefix("sha256:")?.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = |[high, low]: &[u8; 2]| u8::try_from(digit(*high)? * 16 + digit(*low)?).ok();
    let bytes: Option<Vec<u8>> = pairs.iter().map(byte).collect();
    bytes?.try_into().ok().filter(|_| rest.is_empty())
}

impl<P: Platform> Gate<P> {
    /// Decides whether the caller may do what needs `scope`: the bootstrap secret may, and whom a
    /// rule lets through that spells the scope out, if it was granted by name. The outcome is for
    /// the audit log.
    pub(super) async fn may_administer(
        &self,
        incoming: &InboundRequest<'_>,
        scope: AdminScope,
        now: Timestamp,
    ) -> Outcome {
        let client = self.trust.client(incoming.peer, incoming.headers);
        let request =
            AuthRequest { location: self.client_location(incoming), ..incoming.as_request(client) };
        let Some(admin) = &self.policy.admin else {
            let denial =
                Denial::new(Code::NoRule, "administration is off: the policy has no `[admin]`");
            return self.refuse_unread(&request, denial, now);
        };
        let bootstrap = match bootstrap(incoming) {
            Ok(bootstrap) => bootstrap,
            Err(denial) => return self.refuse_unread(&request, denial, now),
        };
        if let Some(secret) = bootstrap {
            let given: [u8; 32] = Sha256::digest(secret).into();
            let right = admin.bootstrap_hash.is_some_and(|hash| hash.ct_eq(&given).into());
            return match right {
                true => self.admit_bootstrap(&request, now),
                false => self.refuse_unread(
                    &request,
                    Denial::new(Code::KeyInvalid, "a wrong bootstrap secret"),
                    now,
                ),
            };
        }
        let mut outcome = self.authorize(&request, now).await;
        if let Decision::Allow(grant) = &outcome.decision
            && let Err(denial) = self.opens(self.rule_of(&outcome), grant, scope)
        {
            outcome.deny(denial);
        }
        outcome
    }

    /// Whether a rule that let a caller through opens the administration to it.
    fn opens(&self, rule: Option<&Rule>, grant: &Grant, scope: AdminScope) -> Result<(), Denial> {
        let scope = scope.name();
        let refused = |reason| Err(Denial::new(Code::ScopeInsufficient, reason));
        let Some(rule) = rule.filter(|rule| rule.scopes.names(scope)) else {
            let name = rule.map_or("", |rule| &rule.name);
            return refused(format!(
                "administration needs a rule whose `scopes` name `{scope}`, and rule `{name}` does not"
            ));
        };
        let principal = grant.principal.as_ref();
        if !principal.is_some_and(|principal| principal.scopes.contains(scope)) {
            return refused(format!(
                "rule `{}`: administration needs a credential that was granted `{scope}` by this name",
                rule.name
            ));
        }
        Ok(())
    }
}

/// The bootstrap secret, if `Authorization` has one; beside another such field it is malformed.
fn bootstrap<'a>(incoming: &InboundRequest<'a>) -> Result<Option<&'a [u8]>, Denial> {
    let ours =
        |field| bearer(field).filter(|secret| secret.starts_with(BOOTSTRAP_PREFIX.as_bytes()));
    let found = incoming.headers.all("authorization").find_map(ours);
    if found.is_some() && incoming.headers.single("authorization").is_err() {
        return Err(Denial::new(Code::CredentialMalformed, "several `Authorization` fields"));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bootstrap_hash_is_read_back_and_nothing_else_is() {
        let hash = bootstrap_hash(&Secret::new("edge-auth-admin_x"));
        let expected: [u8; 32] = Sha256::digest("edge-auth-admin_x").into();
        assert_eq!(parse_bootstrap_hash(&hash), Some(expected));
        for wrong in [
            "",
            "sha256:",
            "sha256:00",
            hash.trim_start_matches('s'),
            &format!("{hash}0"),
            &format!("{hash}00"),
            &format!("sha256:{}", "g".repeat(64)),
        ] {
            assert_eq!(parse_bootstrap_hash(wrong), None, "{wrong}");
        }
    }
}
