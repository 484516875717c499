//! CORS preflights, which carry no credential, on routes with an authorizer.

use super::authorizer::AuthorizerKind;
use super::rules::AuthorizerCheck;
use super::template::Node;

/// Preflights on routes with an authorizer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Preflight {
    /// The authorizer's name.
    authorizer: String,
    line: usize,
    /// The cause.
    by: By,
}

#[derive(Debug, PartialEq, Eq)]
enum By {
    /// SAM's `DefaultAuthorizer`, without `AddDefaultAuthorizerToCorsPreflight: false`.
    SamDefault,
    /// A method or route for `OPTIONS` that names the authorizer.
    Method,
}

impl Preflight {
    /// Reads a SAM API: its `Cors` makes methods for preflights, and its default authorizer applies to
    /// them, too, unless it says otherwise. HTTP APIs answer preflights themselves.
    pub(super) fn of_sam(
        api: &str,
        http: bool,
        own: &Node,
        globals: Option<&Node>,
    ) -> Option<Self> {
        let member = |name: &str| {
            let (own, other) = (own.get(name), globals.and_then(|globals| globals.get(name)));
            match (own, other) {
                (Some(own), Some(other)) => Some(own.over(other)),
                (own, other) => own.or(other).cloned(),
            }
        };
        let auth = member("Auth").filter(|_| !http && member("Cors").is_some())?;
        let default = auth.get("DefaultAuthorizer")?;
        match auth.get("AddDefaultAuthorizerToCorsPreflight").map(Node::flag) {
            Some(Some(false)) => None,
            Some(Some(true) | None) | None => {
                let authorizer = format!("{api}.{}", default.text()?);
                Some(Self { authorizer, line: default.line, by: By::SamDefault })
            }
        }
    }

    /// Reads a method of a REST API, or a route of an HTTP API.
    pub(super) fn of_resource(kind: &str, node: &Node) -> Option<Self> {
        let properties = node.get("Properties")?;
        let text = |name: &str| properties.get(name).and_then(Node::text);
        let is_options = match kind {
            "AWS::ApiGateway::Method" => {
                text("HttpMethod").is_some_and(|method| method.eq_ignore_ascii_case("OPTIONS"))
            }
            "AWS::ApiGatewayV2::Route" => {
                text("RouteKey").is_some_and(|key| key.starts_with("OPTIONS "))
            }
            _ => false,
        };
        let authorizer = properties.get("AuthorizerId").filter(|_| is_options)?;
        let authorizer = authorizer.references().into_iter().next()?;
        Some(Self { authorizer, line: node.line, by: By::Method })
    }

    /// Reads an operation in an OpenAPI document.
    pub(super) fn of_operation(path: &[&str], node: &Node) -> Option<Self> {
        let [.., "paths", _, "options"] = path else { return None };
        let schemes = node.get("security")?.items().into_iter().flat_map(Node::members);
        let (authorizer, _) = schemes.into_iter().next()?;
        Some(Self { authorizer: authorizer.clone(), line: node.line, by: By::Method })
    }
}

impl AuthorizerCheck<'_> {
    /// Reports a preflight that is refused. API Gateway refuses it if there are identity sources,
    /// which a preflight lacks; otherwise the gate does, unless a rule is public.
    pub(super) fn preflights(&mut self) {
        let waits_for_sources = match (self.authorizer.kind, self.authorizer.ttl) {
            (AuthorizerKind::RestToken, _) => true,
            (AuthorizerKind::RestRequest, Some(0)) => false,
            _ => !self.authorizer.sources.are_none(),
        };
        let is_let_through = self.first(|rule| rule.public && rule.options).is_some();
        if is_let_through && !waits_for_sources {
            return;
        }
        let name = &self.authorizer.name;
        let Some(preflight) = self.inventory.preflights.iter().find(|one| one.authorizer == *name)
        else {
            return;
        };
        let advice = match preflight.by {
            By::SamDefault => "set `AddDefaultAuthorizerToCorsPreflight: false`",
            By::Method => "leave the authorizer off `OPTIONS` methods",
        };
        let (line, message) = (
            preflight.line,
            format!(
                "a browser's CORS preflight (`OPTIONS`) carries no credential, but goes to this authorizer, which refuses \
                 it; the browser then does not send the call. If browsers call this API, {advice}"
            ),
        );
        self.warn_at(line, "preflight_behind_authorizer", message);
    }
}
