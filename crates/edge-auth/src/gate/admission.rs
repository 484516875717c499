//! Whether a caller may pass a rule: by the place where it is, its token's claims, its id, its
//! tenant, its scopes, and the page that sent the request.

use edge_auth_token::Claims;

use super::context::DecisionContext;
use super::outcome::CheckResult;
use crate::denial::{Code, Denial};
use crate::policy::{Rule, TokenPlace};
use crate::principal::Principal;
use crate::request::{AuthRequest, Headers};
use crate::route::is_safe;

/// Checks what a rule asks of a principal whose credentials are verified. A new check of a rule
/// belongs here: `Gate::decide` calls this for the rule of a request, and `rule_access` for every
/// rule, for the answers that API Gateway keeps. A check that counts belongs into `Gate::decide`.
pub(super) fn check_principal(
    rule: &Rule,
    principal: &Principal,
    context: &mut DecisionContext,
) -> Result<(), Denial> {
    check_subject(rule, principal, context)?;
    check_tenant(rule, principal, context)?;
    check_scopes(rule, principal, context)
}

/// Checks that the request comes from a place that the rule's `when` names.
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

/// Checks the claims that the rule asks for, besides those that the issuer's block does.
pub(super) fn check_claims(
    rule: &Rule,
    claims: &Claims,
    context: &mut DecisionContext,
) -> Result<(), Denial> {
    if rule.claims.is_empty() {
        return Ok(());
    }
    for claim_rule in &rule.claims {
        if let Some(refusal) = claim_rule.refusal(claims) {
            context.check("rule's claims", CheckResult::Failed, || refusal.clone());
            let reason = format!("{refusal}, says rule `{}`", rule.name);
            return Err(Denial::new(Code::PrincipalNotAllowed, reason));
        }
    }
    context.check("rule's claims", CheckResult::Passed, || {
        let claims: Vec<String> = rule.claims.iter().map(ToString::to_string).collect();
        claims.join("; ")
    });
    Ok(())
}

/// Checks whether the rule lets this principal in, by its id.
fn check_subject(
    rule: &Rule,
    principal: &Principal,
    context: &mut DecisionContext,
) -> Result<(), Denial> {
    let Some(subjects) = &rule.subjects else { return Ok(()) };
    let is_in = subjects.iter().any(|subject| subject.matches(&principal.id));
    let result = if is_in { CheckResult::Passed } else { CheckResult::Failed };
    context.check("subjects", result, || {
        format!("`{}` {}", principal.id, if is_in { "is in" } else { "is not in" })
    });
    if is_in {
        return Ok(());
    }
    let reason = format!("`{}` is not among the `subjects` of rule `{}`", principal.id, rule.name);
    Err(Denial::new(Code::PrincipalNotAllowed, reason))
}

/// Checks whether the rule lets this principal in, by its tenant.
fn check_tenant(
    rule: &Rule,
    principal: &Principal,
    context: &mut DecisionContext,
) -> Result<(), Denial> {
    let Some(tenants) = &rule.tenants else { return Ok(()) };
    let id = &principal.id;
    let Some(tenant) = &principal.tenant else {
        context.check("tenants", CheckResult::Failed, || format!("`{id}` has no tenant"));
        let reason = format!("`{id}` has no tenant, and rule `{}` asks for one", rule.name);
        return Err(Denial::new(Code::PrincipalNotAllowed, reason));
    };
    if tenants.contains(tenant) {
        context.check("tenants", CheckResult::Passed, || format!("`{tenant}` is in"));
        return Ok(());
    }
    context.check("tenants", CheckResult::Failed, || format!("`{tenant}` is not in"));
    let reason =
        format!("tenant `{tenant}` of `{id}` is not among the `tenants` of rule `{}`", rule.name);
    Err(Denial::new(Code::PrincipalNotAllowed, reason))
}

/// Refuses a principal that lacks a scope of the rule.
fn check_scopes(
    rule: &Rule,
    principal: &Principal,
    context: &mut DecisionContext,
) -> Result<(), Denial> {
    if rule.scopes.is_empty() {
        return Ok(());
    }
    let is_met = rule.scopes.met_by(&principal.scopes);
    let result = if is_met { CheckResult::Passed } else { CheckResult::Failed };
    context.check("scopes", result, || scopes_reason(rule, principal));
    if is_met {
        return Ok(());
    }
    Err(Denial::new(Code::ScopeInsufficient, scopes_reason(rule, principal)))
}

fn scopes_reason(rule: &Rule, principal: &Principal) -> String {
    format!("wanted \"{}\", granted \"{}\"", rule.scopes.wanted(), principal.scopes.joined())
}

/// Refuses a request that a page of another site may have sent. Browsers send cookies with the
/// requests of every page. Where a cookie is the credential, a request that changes something or
/// opens a WebSocket must therefore come from this site (Fetch Metadata, section 2.3), or from an
/// origin that the rule names.
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
