//! Reads who a verified token is for out of its claims.

use std::collections::BTreeSet;

use edge_auth_token::{ClaimPath, Claims};
use serde_json::Value;

use crate::denial::{Code, Denial};
use crate::policy::Issuer;
use crate::principal::{Derived, Principal, PrincipalKind};
use crate::scopes::Scopes;

/// The most bytes of a subject. A longer one is not an identity but an attack on logs and headers.
const MAX_SUBJECT_BYTES: usize = 255;

/// Returns the subject: the first of the issuer's subject claims that has text.
pub(super) fn subject<'c>(issuer: &Issuer, claims: &'c Claims) -> Option<&'c str> {
    for name in &issuer.subject_claims {
        if let Some(Value::String(subject)) = claims.find(name)
            && !subject.is_empty()
        {
            return Some(subject);
        }
    }
    None
}

/// Returns the client, if its claim has text.
pub(super) fn client_text<'c>(issuer: &Issuer, claims: &'c Claims) -> Option<&'c str> {
    first(&issuer.client_claims, claims)?.1.as_str()
}

/// Returns the principal of a token whose claims were validated.
pub(super) fn principal(
    issuer: &Issuer,
    tenant: Option<&str>,
    claims: &Claims,
) -> Result<Principal, Denial> {
    let Some(subject) = subject(issuer, claims) else {
        let names: Vec<_> = issuer.subject_claims.iter().map(ClaimPath::as_str).collect();
        return Err(invalid(format!("the token has no `{}` with text", names.join("`, no `"))));
    };
    if subject.len() > MAX_SUBJECT_BYTES {
        return Err(invalid(format!("the subject is longer than {MAX_SUBJECT_BYTES} bytes")));
    }
    // Subjects are unique within a tenant. A tenant has no `:`, so no two callers have one id.
    let id = match tenant {
        Some(tenant) => ["jwt:", &issuer.name, ":", tenant, ":", subject].concat(),
        None => ["jwt:", &issuer.name, ":", subject].concat(),
    };
    Ok(Principal {
        id,
        kind: PrincipalKind::Jwt,
        subject: subject.to_owned(),
        issuer: Some(verified_issuer(issuer, claims).to_owned()),
        client: client(issuer, claims)?,
        tenant: tenant.map(str::to_owned),
        scopes: scopes(issuer, claims)?,
        derived: Derived::default(),
    })
}

/// Returns the issuer as the upstream knows it. The `iss` of a JWT-SVID is not validated, so the
/// configured one stands for it.
fn verified_issuer<'a>(issuer: &'a Issuer, claims: &'a Claims) -> &'a str {
    match claims.issuer() {
        Some(iss) if !issuer.spiffe => iss,
        Some(_) | None => &issuer.validation.issuer,
    }
}

fn client(issuer: &Issuer, claims: &Claims) -> Result<Option<String>, Denial> {
    let Some((name, value)) = first(&issuer.client_claims, claims) else {
        return Ok(None);
    };
    match value {
        Value::String(client) if client.len() <= MAX_SUBJECT_BYTES => Ok(Some(client.clone())),
        _ => Err(invalid(format!("`{name}` is not a string of at most {MAX_SUBJECT_BYTES} bytes"))),
    }
}

/// Returns the scopes of all claims that carry them.
fn scopes(issuer: &Issuer, claims: &Claims) -> Result<Scopes, Denial> {
    let mut scopes = BTreeSet::new();
    for claim in &issuer.scope_claims {
        claim.read(claims, &mut scopes).map_err(invalid)?;
    }
    Ok(Scopes::List(scopes))
}

fn first<'n, 'c>(names: &'n [ClaimPath], claims: &'c Claims) -> Option<(&'n str, &'c Value)> {
    names.iter().find_map(|name| Some((name.as_str(), claims.find(name)?)))
}

fn invalid(reason: impl Into<String>) -> Denial {
    Denial::new(Code::ClaimInvalid, reason)
}
