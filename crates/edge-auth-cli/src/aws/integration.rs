//! Integrations that forward calls to an HTTP server, and the identity headers that they set.

use edge_auth::policy::IdentityHeader;

use super::finding::{Finding, Severity};
use super::template::Node;

/// An integration that forwards its client's fields, and its changes to them.
#[derive(Debug)]
pub(super) struct Integration {
    /// Its path, or the resource's name.
    name: String,
    line: usize,
    /// Its changes to fields: the name in lower case, and the value unless only a deployment knows
    /// it.
    parameters: Vec<(String, Option<String>)>,
    /// Whether only a deployment knows its parameters.
    known_later: bool,
}

impl Integration {
    /// Reads an `x-amazon-apigateway-integration`, if it forwards fields.
    pub(super) fn in_openapi(name: &str, own: &Node) -> Option<Self> {
        Self::of(name, own, own.get("type"), own.get("requestParameters"))
    }

    /// Reads a resource, if its integration forwards fields.
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
        // Other types forward only what they map, or call a function that reads the event.
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

    /// Reports a client's identity headers that are forwarded. If the integration maps none of
    /// them, its API may not read them, so that is only a warning.
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
            "the API gets {} as the client sent them: overwrite each of the six identity headers with its member of \
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

/// Returns whether a value is not part of the client's request. A member that the context lacks
/// overwrites nothing.
fn is_not_the_clients(value: &str, all: &[IdentityHeader]) -> bool {
    let variable = value.trim_start_matches(['$', '{']).trim_end_matches('}');
    match variable.strip_prefix("context.authorizer.") {
        Some(member) => all.iter().any(|header| header.member == member),
        None => !value.contains("request."),
    }
}
