//! Which rule decides about a request.

use super::context::DecisionContext;
use crate::denial::{Code, Denial};
use crate::policy::{Policy, Rule};
use crate::request::AuthRequest;
use crate::route::{Host, NormalPath, PathRefused, check_forwardable_verbatim, check_method};

/// The rule for a request, and the request's query. The context has its path.
pub(super) struct MatchedRule<'p, 'r> {
    pub rule: &'p Rule,
    pub query: Option<&'r str>,
}

/// Finds the first rule whose host, path and method match. Without one the request is refused.
pub(super) fn match_rule<'p, 'r>(
    policy: &'p Policy,
    request: &AuthRequest<'r>,
    context: &mut DecisionContext,
) -> Result<MatchedRule<'p, 'r>, Denial> {
    if let Err(refused) = check_method(request.method) {
        return Err(Denial::new(Code::RequestMalformed, refused.to_string()));
    }
    let host = host(request)?;
    let (path, query) = match NormalPath::parse(request.target) {
        Ok(parsed) => parsed,
        Err(refused) => {
            context.host(host);
            return Err(ambiguous(refused));
        }
    };
    let index = policy.router.index_of(host.as_ref(), &path, request.method);
    context.host(host);
    context.path(path);
    if !request.path_rewritten {
        let route = index.and_then(|index| policy.router.routes().get(index));
        check_forwardable_verbatim(request.target, route.map(|route| &route.path))
            .map_err(ambiguous)?;
    }
    let Some(index) = index else { return Err(no_rule()) };
    let Some(rule) = policy.rules.get(index) else { return Err(no_rule()) };
    context.rule(index, rule);
    Ok(MatchedRule { rule, query })
}

/// Returns the one host that a request is for. `Host` and `:authority` may both be there, but must
/// agree; several `Host` fields are refused (RFC 9112, section 3.2).
fn host(request: &AuthRequest<'_>) -> Result<Option<Host>, Denial> {
    if request.headers.single("host").is_err() {
        return Err(Denial::new(Code::RequestMalformed, "there are several `Host` fields"));
    }
    let host = parse_host(request.host)?;
    let authority = parse_host(request.authority)?;
    if let (Some(host), Some(authority)) = (&host, &authority)
        && !host.agrees_with(authority, None)
    {
        let reason = format!("Host is {host}, :authority {authority}");
        return Err(Denial::new(Code::HostMismatch, reason));
    }
    Ok(authority.or(host))
}

fn parse_host(raw: Option<&str>) -> Result<Option<Host>, Denial> {
    let Some(raw) = raw else { return Ok(None) };
    match Host::parse(raw) {
        Ok(host) => Ok(Some(host)),
        Err(error) => Err(Denial::new(Code::RequestMalformed, error.to_string())),
    }
}

fn ambiguous(refused: PathRefused) -> Denial {
    Denial::new(Code::PathAmbiguous, refused.to_string())
}

fn no_rule() -> Denial {
    Denial::new(Code::NoRule, "no rule matches host, path and method")
}
