//! Decides who may administer: the holder of the bootstrap secret, and callers that a rule of the
//! policy lets through to the path with the scope that the action needs.

use edge_auth_token::Timestamp;

use edge_auth::AuthRequest;
use edge_auth::bearer;
use edge_auth::bootstrap_secret::BOOTSTRAP_PREFIX;
use edge_auth::endpoints::InboundRequest;
use edge_auth::platform::Platform;
use edge_auth::policy::AdminScope;
use edge_auth::policy::Rule;
use edge_auth::{Code, Denial};
use edge_auth::{Decision, Gate, Grant, Outcome};

/// Decides whether the caller may do what needs `scope`. The bootstrap secret is enough. Any other
/// credential needs a rule that names the scope, and must have been granted it by name. The outcome
/// is for the audit log.
pub(super) async fn authorize<P: Platform>(
    gate: &Gate<P>,
    inbound: &InboundRequest<'_>,
    scope: AdminScope,
    now: Timestamp,
) -> Outcome {
    let client = gate.client_address(inbound.peer, inbound.headers);
    let request =
        AuthRequest { location: gate.client_location(inbound), ..inbound.as_request(client) };
    if !gate.policy().administers() {
        let reason = "administration is off: the policy has no `[admin]`";
        return gate.refuse(&request, Denial::new(Code::NoRule, reason), now);
    }
    match presented_bootstrap_secret(inbound) {
        Err(denial) => gate.refuse(&request, denial, now),
        Ok(Some(secret)) => match gate.policy().bootstrap_hash() {
            Some(hash) if hash.matches(secret) => gate.admit_bootstrap(&request, now),
            Some(_) | None => {
                let denial = Denial::new(Code::KeyInvalid, "the bootstrap secret is wrong");
                gate.refuse(&request, denial, now)
            }
        },
        Ok(None) => {
            let mut outcome = gate.authorize(&request, now).await;
            if let Decision::Allow(grant) = &outcome.decision
                && let Err(denial) = check_scope(gate.rule_of(&outcome), grant, scope)
            {
                gate.deny(&mut outcome, denial);
            }
            outcome
        }
    }
}

/// Checks that the rule names the scope, and that the caller was granted it by name.
fn check_scope(rule: Option<&Rule>, grant: &Grant, scope: AdminScope) -> Result<(), Denial> {
    let scope = scope.name();
    let Some(rule) = rule.filter(|rule| rule.names_scope(scope)) else {
        let name = rule.map_or("", |rule| &rule.name);
        let reason = format!(
            "administration needs a rule whose `scopes` name `{scope}`, and rule `{name}` does not"
        );
        return Err(Denial::new(Code::ScopeInsufficient, reason));
    };
    match &grant.principal {
        Some(principal) if principal.scopes.contains(scope) => Ok(()),
        Some(_) | None => {
            let reason = format!(
                "rule `{}`: administration needs a credential that was granted `{scope}` by this name",
                rule.name
            );
            Err(Denial::new(Code::ScopeInsufficient, reason))
        }
    }
}

/// Returns the bootstrap secret in `Authorization`, if it has one. A second `Authorization` field
/// beside it is malformed.
fn presented_bootstrap_secret<'a>(
    inbound: &InboundRequest<'a>,
) -> Result<Option<&'a [u8]>, Denial> {
    for field in inbound.headers.all("authorization") {
        if let Some(secret) = bearer(field)
            && secret.starts_with(BOOTSTRAP_PREFIX.as_bytes())
        {
            return match inbound.headers.single("authorization") {
                Ok(_) => Ok(Some(secret)),
                Err(_) => {
                    let reason = "there are several `Authorization` fields";
                    Err(Denial::new(Code::CredentialMalformed, reason))
                }
            };
        }
    }
    Ok(None)
}
