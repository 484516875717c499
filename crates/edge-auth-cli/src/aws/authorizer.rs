//! Lambda authorizers, in each of the ways to write them.

use super::identity_sources::IdentitySources;
use super::template::Node;

/// The default time for which API Gateway caches an answer, in seconds.
const DEFAULT_TTL: u64 = 300;

/// A Lambda authorizer.
#[derive(Debug)]
pub(super) struct Authorizer {
    /// The names that lead to it.
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) kind: AuthorizerKind,
    /// How long an answer is cached, in seconds; `None` if only a deployment knows it.
    pub(super) ttl: Option<u64>,
    pub(super) sources: IdentitySources,
    /// `EnableSimpleResponses`; `None` if only a deployment knows it.
    pub(super) simple: Option<bool>,
    /// The expression that a `TOKEN` authorizer's field must match first.
    pub(super) validation: Validation,
    /// Its `Name`.
    pub(super) display_name: Option<String>,
    /// The logical ids that its function is named by: those of the function, or of an alias of it.
    pub(super) functions: Vec<String>,
    /// The logical id of its API.
    pub(super) api: Option<String>,
}

/// The regular expression that API Gateway matches a token with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Validation {
    None,
    Expression(String),
    /// Only a deployment knows it.
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AuthorizerKind {
    RestToken,
    RestRequest,
    /// Of an HTTP API, in payload 1.0, which is answered by a policy.
    HttpPayload1,
    /// Of an HTTP API, in payload 2.0, which is answered as the policy file says.
    Http,
    WebSocket,
}

/// The members of an authorizer, by their names in one format.
struct Names {
    ttl: &'static [&'static str],
    simple: &'static [&'static str],
    validation: &'static [&'static str],
    display_name: &'static [&'static str],
    function: &'static [&'static str],
    api: &'static [&'static str],
}

const CLOUDFORMATION: Names = Names {
    ttl: &["Properties", "AuthorizerResultTtlInSeconds"],
    simple: &["Properties", "EnableSimpleResponses"],
    validation: &["Properties", "IdentityValidationExpression"],
    display_name: &["Properties", "Name"],
    function: &["Properties", "AuthorizerUri"],
    api: &["Properties", "RestApiId"],
};
const CLOUDFORMATION_V2: Names = Names { api: &["Properties", "ApiId"], ..CLOUDFORMATION };
const SAM: Names = Names {
    ttl: &["Identity", "ReauthorizeEvery"],
    simple: &["EnableSimpleResponses"],
    validation: &["Identity", "ValidationExpression"],
    display_name: &["Name"],
    function: &["FunctionArn"],
    api: &[],
};
const OPENAPI: Names = Names {
    ttl: &["authorizerResultTtlInSeconds"],
    simple: &["enableSimpleResponses"],
    validation: &["identityValidationExpression"],
    display_name: &["name"],
    function: &["authorizerUri"],
    api: &[],
};

impl Authorizer {
    /// Reads a resource, if it is a Lambda authorizer.
    pub(super) fn in_cloudformation(name: &str, resource: &Node, root: &Node) -> Option<Self> {
        let text = |member: &str| resource.at(&["Properties", member]).and_then(Node::text);
        let sources = resource.at(&["Properties", "IdentitySource"]);
        let kind = match (
            resource.get("Type").and_then(Node::text)?,
            text("Type"),
            text("AuthorizerType"),
        ) {
            ("AWS::ApiGateway::Authorizer", Some("TOKEN"), _) => AuthorizerKind::RestToken,
            ("AWS::ApiGateway::Authorizer", Some("REQUEST"), _) => AuthorizerKind::RestRequest,
            ("AWS::ApiGatewayV2::Authorizer", _, Some("REQUEST")) => {
                // Only HTTP APIs have payload versions, and only WebSocket APIs' sources begin like
                // this.
                let of_socket =
                    |source: &Node| source.text().is_some_and(|text| text.starts_with("route."));
                let mut sources = sources.map(Node::items).unwrap_or_default().into_iter();
                let api = resource.at(&["Properties", "ApiId"]).and_then(Node::references_one);
                let protocol = api.and_then(|api| {
                    root.at(&["Resources", api, "Properties", "ProtocolType"])?.text()
                });
                match resource.at(&["Properties", "AuthorizerPayloadFormatVersion"]) {
                    None if protocol == Some("WEBSOCKET") || sources.any(of_socket) => {
                        AuthorizerKind::WebSocket
                    }
                    version => AuthorizerKind::of_http(version),
                }
            }
            _ => return None,
        };
        let names = match kind {
            AuthorizerKind::RestToken | AuthorizerKind::RestRequest => CLOUDFORMATION,
            AuthorizerKind::Http | AuthorizerKind::HttpPayload1 | AuthorizerKind::WebSocket => {
                CLOUDFORMATION_V2
            }
        };
        Some(Self::new(name, resource, kind, IdentitySources::of(sources), &names))
    }

    /// Reads a member of a SAM API's `Authorizers`, if it is a Lambda authorizer.
    pub(super) fn in_sam(name: &str, of_http: bool, own: &Node) -> Option<Self> {
        own.get("FunctionArn")?;
        let identity = own.get("Identity");
        let by_request = own.get("FunctionPayloadType").and_then(Node::text) == Some("REQUEST");
        let kind = match (of_http, by_request) {
            (true, _) => AuthorizerKind::of_http(own.get("AuthorizerPayloadFormatVersion")),
            (false, true) => AuthorizerKind::RestRequest,
            (false, false) => AuthorizerKind::RestToken,
        };
        let sources = match kind {
            AuthorizerKind::RestToken => IdentitySources::of_token_identity(identity),
            AuthorizerKind::RestRequest
            | AuthorizerKind::HttpPayload1
            | AuthorizerKind::Http
            | AuthorizerKind::WebSocket => IdentitySources::of_identity(identity),
        };
        Some(Self::new(name, own, kind, sources, &SAM))
    }

    /// Reads an `x-amazon-apigateway-authorizer`, if it asks a function.
    pub(super) fn in_openapi(name: &str, own: &Node) -> Option<Self> {
        let sources = IdentitySources::of(own.get("identitySource"));
        let (kind, sources) = match own.get("type").and_then(Node::text)? {
            "request" => match own.get("authorizerPayloadFormatVersion") {
                None => (AuthorizerKind::RestRequest, sources),
                version => (AuthorizerKind::of_http(version), sources),
            },
            "token" => (AuthorizerKind::RestToken, sources.or_authorization()),
            _ => return None,
        };
        Some(Self::new(name, own, kind, sources, &OPENAPI))
    }

    fn new(
        name: &str,
        node: &Node,
        kind: AuthorizerKind,
        sources: IdentitySources,
        names: &Names,
    ) -> Self {
        let keeps_none = match kind {
            AuthorizerKind::WebSocket => true,
            // An HTTP API without identity sources caches nothing.
            AuthorizerKind::Http | AuthorizerKind::HttpPayload1 => sources.are_none(),
            AuthorizerKind::RestToken | AuthorizerKind::RestRequest => false,
        };
        let ttl = match node.at(names.ttl) {
            _ if keeps_none => Some(0),
            Some(ttl) => ttl.text().and_then(|text| text.parse().ok()),
            None => Some(DEFAULT_TTL),
        };
        let simple = node.at(names.simple).map_or(Some(false), Node::flag);
        let validation = match node.at(names.validation) {
            None => Validation::None,
            Some(expression) => match expression.text() {
                Some(text) => Validation::Expression(text.to_owned()),
                None => Validation::Unknown,
            },
        };
        let display_name = node.at(names.display_name).and_then(Node::text).map(str::to_owned);
        let functions = node.at(names.function).map(Node::references).unwrap_or_default();
        let api = match names.api {
            [] => None,
            path => node.at(path).and_then(Node::references_one).map(str::to_owned),
        };
        Self {
            name: name.to_owned(),
            line: node.line,
            kind,
            ttl,
            sources,
            simple,
            validation,
            display_name,
            functions,
            api,
        }
    }

    /// Returns the logical id of its API, if that is known.
    pub(super) fn api_name(&self) -> Option<String> {
        let of_sam = || self.name.rsplit_once('.').map(|(api, _)| api.to_owned());
        self.api.clone().or_else(of_sam)
    }

    /// Returns whether this is its logical id, with or without that of its API, or its `Name`.
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.name == name
            || self.name.rsplit_once('.').is_some_and(|(_, own)| own == name)
            || self.display_name.as_deref() == Some(name)
    }
}

impl AuthorizerKind {
    fn of_http(version: Option<&Node>) -> Self {
        match version.and_then(Node::text) {
            Some("1.0" | "1") => Self::HttpPayload1,
            _ => Self::Http,
        }
    }
}
