//! Whether a caller may pass this rule: where it is, what its token says, who it is, and whose page
//! asked.

use edge_auth_token::Claims;

use super::outcome::{CheckResult, DecisionContext};
use crate::denial::{Code, Denial};
use crate::policy::{Rule, TokenPlace};
use crate::principal::Principal;
use crate::request::{AuthRequest, Headers};
use crate::route::is_safe;

/// Checks that the request comes from where the rule lets it pass, by its `when`.
pub(super) fn check_when(
    rule: &Rule,
    request: &AuthRequest<'_>,
    context: &mut DecisionContext,
) -> Result<(), Denial> {
    let Some(when) = &rule.when else { return Ok(()) };
    match when.refusal(request.client_ip, request.location) {
        None => {
            context.check("when", CheckResult::Passed, || when.to_string());
            Ok(())
        }
        Some(refusal) => {
            context.check("when", CheckResult::Failed, || refusal.clone());
            let reason = format!("{refusal}, says `when` of rule `{}`", rule.name);
            Err(Denial::new(Code::LocationRefused, reason))
        }
    }
}

/// Checks what the rule asks of a token's claims, beside what its issuer's block does.
pub(super) fn check_claims(
    rule: &Rule,
    claims: &Claims,
    context: &mut DecisionContext,
) -> Result<(), Denial> {
    if rule.claims.is_empty() {
        return Ok(());
    }
    let refusal = rule.claims.iter().find_map(|wanted| wanted.refusal(claims));
    let result = if refusal.is_none() { CheckResult::Passed } else { CheckResult::Failed };
    context.check("rule's claims", result, || {
        let wanted = || rule.claims.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        refusal.clone().unwrap_or_else(wanted)
    });
    match refusal {
        Some(wanted) => Err(Denial::new(
            Code::PrincipalNotAllowed,
            format!("{wanted}, says rule `{}`", rule.name),
        )),
        None => Ok(()),
    }
}

/// Whether the rule lets this principal in, by its id.
pub(super) fn is_subject_of(rule: &Rule, principal: &Principal) -> bool {
    let Some(subjects) = &rule.subjects else { return true };
    subjects.iter().any(|subject| subject.matches(&principal.id))
}

/// Checks whether the rule lets this principal in, by its id.
pub(super) fn check_subject(
    rule: &Rule,
    principal: &Principal,
    context: &mut DecisionContext,
) -> Result<(), Denial> {
    if rule.subjects.is_none() {
        return Ok(());
    }
    let is_in = is_subject_of(rule, principal);
    let result = if is_in { CheckResult::Passed } else { CheckResult::Failed };
    context.check("subjects", result, || {
        format!("`{}` {}", principal.id, if is_in { "is in" } else { "is not in" })
    });
    if is_in {
        return Ok(());
    }
    let reason = format!("`{}` is none of the `subjects` of rule `{}`", principal.id, rule.name);
    Err(Denial::new(Code::PrincipalNotAllowed, reason))
}

/// Checks that no page of another site has sent the request. Browsers send cookies along with
/// whatever any page asks for: where a cookie is the credential, a request that changes something,
/// or opens a WebSocket, must say that it comes from this site (Fetch Metadata, section 2.3), or
/// from an origin that the rule names.
pub(super) fn check_same_site(
    rule: &Rule,
    request: &AuthRequest<'_>,
    place: Option<&TokenPlace>,
    is_upgrade: bool,
) -> Result<(), Denial> {
    let Some(TokenPlace::Cookie(name)) = place else { return Ok(()) };
    if (is_safe(request.method) && !is_upgrade)
        || is_of_this_site(request.headers)
        || is_of_named_origin(rule, request.headers)
    {
        return Ok(());
    }
    let reason = format!(
        "the token is in the cookie `{name}`, and the request has neither `Sec-Fetch-Site: same-origin` or \
         `same-site` nor an `Origin` that the rule's `cors` names"
    );
    Err(Denial::new(Code::CrossSiteRequest, reason))
}

fn is_of_this_site(headers: Headers<'_>) -> bool {
    let site = headers.single("sec-fetch-site");
    matches!(site, Ok(Some(b"same-origin" | b"same-site")))
}

fn is_of_named_origin(rule: &Rule, headers: Headers<'_>) -> bool {
    let Some(cors) = &rule.cors else { return false };
    let Ok(Some(origin)) = headers.single("origin") else { return false };
    cors.origins.iter().any(|own| own.as_bytes() == origin)
}
