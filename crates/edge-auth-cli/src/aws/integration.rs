//! Integrations that send calls on to an HTTP server, and what they have it told of the caller.

use edge_auth::policy::IdentityHeader;

use super::finding::{Finding, Severity};
use super::template::Node;

/// An integration that passes its client's fields on, and what it changes in them.
#[derive(Debug)]
pub(super) struct Integration {
    /// Its path, or the resource's name.
    name: String,
    line: usize,
    /// What it says of fields: in lower case the name, and the value unless that is known only
    /// later.
    parameters: Vec<(String, Option<String>)>,
    /// Whether its parameters are known only later.
    known_later: bool,
}

impl Integration {
    /// An `x-amazon-apigateway-integration`, if it is such a one.
    pub(super) fn in_openapi(name: &str, own: &Node) -> Option<Self> {
        Self::of(name, own, own.get("type"), own.get("requestParameters"))
    }

    /// A resource, if it has such a one.
    pub(super) fn in_cloudformation(name: &str, resource: &Node) -> Option<Self> {
        let properties = resource.get("Properties")?;
        match resource.get("Type").and_then(Node::text)? {
            "AWS::ApiGateway::Method" => {
                let own = properties.get("Integration")?;
                Self::of(name, own, own.get("Type"), own.get("RequestParameters"))
            }
            "AWS::ApiGatewayV2::Integration" => {
                let kind = properties.get("IntegrationType");
                Self::of(name, resource, kind, properties.get("RequestParameters"))
            }
            _ => None,
        }
    }

    fn of(name: &str, own: &Node, kind: Option<&Node>, parameters: Option<&Node>) -> Option<Self> {
        // The others pass on what they are told to, or call something that is told of the caller by
        // the event.
        kind.and_then(Node::text).filter(|kind| kind.eq_ignore_ascii_case("HTTP_PROXY"))?;
        let members = parameters.map(Node::members).unwrap_or_default().iter();
        Some(Self {
            name: name.to_owned(),
            line: own.line,
            parameters: members
                .map(|(name, value)| (name.to_ascii_lowercase(), value.text().map(str::to_owned)))
                .collect(),
            known_later: parameters.is_some_and(|parameters| parameters.resolved_later),
        })
    }

    /// The finding that a client's own identity headers go on, if some do. Who maps none may have
    /// an API that reads none.
    pub(super) fn lets_identity_through(&self, headers: &[IdentityHeader]) -> Option<Finding> {
        let lacking = headers.iter().filter(|header| !self.overwrites(header, headers));
        let lacking: Vec<_> = lacking.map(|header| format!("`{}`", header.name)).collect();
        if lacking.is_empty() || self.known_later {
            return None;
        }
        let severity = match lacking.len() == headers.len() {
            true => Severity::Warning,
            false => Severity::Error,
        };
        let message = format!(
            "{} of a client go on to the API as they came: overwrite each of the six by its member of \
             `context.authorizer`",
            lacking.join(", ")
        );
        let code = "identity_header_not_overwritten";
        Some(Finding { code, severity, at: self.name.clone(), line: self.line, message })
    }

    fn overwrites(&self, header: &IdentityHeader, all: &[IdentityHeader]) -> bool {
        let name = header.name.to_ascii_lowercase();
        self.parameters.iter().any(|(own, value)| {
            let is_set = ["integration.request.header.", "overwrite:header."]
                .into_iter()
                .any(|place| own.strip_prefix(place) == Some(&name));
            let is_removed = own.strip_prefix("remove:header.") == Some(&name);
            is_removed
                || (is_set && value.as_deref().is_none_or(|value| is_not_the_clients(value, all)))
        })
    }
}

/// Whether a value is no part of the client's request. What the context does not have overwrites
/// nothing.
fn is_not_the_clients(value: &str, all: &[IdentityHeader]) -> bool {
    let variable = value.trim_start_matches(['$', '{']).trim_end_matches('}');
    match variable.strip_prefix("context.authorizer.") {
        Some(member) => all.iter().any(|header| header.member == member),
        None => !value.contains("request."),
    }
}
