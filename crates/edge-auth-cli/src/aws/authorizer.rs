//! The Lambda authorizers and the APIs of a template, however it writes them.

use super::template::Node;

/// What API Gateway keeps an answer for if nothing is said, in seconds.
const DEFAULT_TTL: u64 = 300;

/// A Lambda authorizer.
#[derive(Debug)]
pub(super) struct Authorizer {
    /// The names that lead to it.
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) kind: Kind,
    /// How long an answer is kept, in seconds; nothing if that is known only later.
    pub(super) ttl: Option<u64>,
    /// `header:authorization`, `context:routekey`: what an answer is kept for, in lower case.
    pub(super) sources: Vec<String>,
    /// `EnableSimpleResponses`.
    pub(super) simple: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    RestToken,
    RestRequest,
    Http,
    WebSocket,
}

/// An API that has a default endpoint, unless it says that it has none.
#[derive(Debug)]
pub(super) struct Api {
    pub(super) name: String,
    pub(super) line: usize,
    /// `DisableExecuteApiEndpoint`.
    pub(super) closed: bool,
}

/// What a template has of both.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) authorizers: Vec<Authorizer>,
    pub(super) apis: Vec<Api>,
    /// Whether a domain asks clients for certificates.
    pub(super) mutual_tls: bool,
}

/// The names by which one way of writing calls the same things.
struct Names {
    ttl: &'static [&'static str],
    simple: &'static [&'static str],
}

const CLOUDFORMATION: Names = Names {
    ttl: &["Properties", "AuthorizerResultTtlInSeconds"],
    simple: &["Properties", "EnableSimpleResponses"],
};
const SAM: Names = Names { ttl: &["Identity", "ReauthorizeEvery"], simple: &["EnableSimpleResponses"] };
const OPENAPI: Names = Names { ttl: &["authorizerResultTtlInSeconds"], simple: &["enableSimpleResponses"] };

impl Found {
    pub(super) fn in_template(root: &Node) -> Self {
        let mut found = Self::default();
        root.walk(&mut Vec::new(), &mut |path, node| found.look_at(path, node));
        found
    }

    fn look_at(&mut self, path: &[&str], node: &Node) {
        let name = path.last().copied().unwrap_or_default();
        let is_on = |path: &[&str]| node.at(path).is_some_and(|value| value.text() == Some("true"));
        self.mutual_tls |= matches!(name, "MutualTlsAuthentication" | "mutualTlsAuthentication");
        if let Some(own) = node.get("x-amazon-apigateway-authorizer") {
            self.openapi(name, own);
        }
        if node.get("openapi").is_some() || node.get("swagger").is_some() {
            let endpoint = "x-amazon-apigateway-endpoint-configuration";
            let servers = node.get("servers").map(Node::items).unwrap_or_default();
            let off = |node: &Node| {
                node.at(&[endpoint, "disableExecuteApiEndpoint"]).and_then(Node::text) == Some("true")
            };
            // Within a resource, the resource says it, or this does.
            let closed = off(node) || servers.into_iter().any(off);
            match self.apis.last_mut().filter(|_| path.len() > 1) {
                Some(api) => api.closed |= closed,
                None => self.apis.push(Api { name: "the API".to_owned(), line: node.line, closed }),
            }
        }
        let Some(kind) = node.get("Type").and_then(Node::text) else { return };
        let Some(properties) = node.get("Properties") else { return };
        match kind {
            "AWS::ApiGateway::RestApi"
            | "AWS::ApiGatewayV2::Api"
            | "AWS::Serverless::Api"
            | "AWS::Serverless::HttpApi" => {
                let closed = is_on(&["Properties", "DisableExecuteApiEndpoint"]);
                self.apis.push(Api { name: name.to_owned(), line: node.line, closed });
            }
            _ => {}
        }
        let text = |name: &str| properties.get(name).and_then(Node::text);
        match kind {
            "AWS::ApiGateway::Authorizer" if text("Type") == Some("TOKEN") => {
                self.cloudformation(name, node, Kind::RestToken);
            }
            "AWS::ApiGateway::Authorizer" if text("Type") == Some("REQUEST") => {
                self.cloudformation(name, node, Kind::RestRequest);
            }
            "AWS::ApiGatewayV2::Authorizer" if text("AuthorizerType") == Some("REQUEST") => {
                // Only WebSocket APIs' sources begin like this, and only HTTP APIs have payload versions.
                let sources = sources_in(properties.get("IdentitySource"));
                let socket = text("AuthorizerPayloadFormatVersion").is_none()
                    && sources.iter().any(|source| source.starts_with("route.request."));
                self.cloudformation(name, node, if socket { Kind::WebSocket } else { Kind::Http });
            }
            "AWS::Serverless::Api" | "AWS::Serverless::HttpApi" => {
                let authorizers =
                    properties.at(&["Auth", "Authorizers"]).map(Node::members).unwrap_or_default();
                for (own, authorizer) in
                    authorizers.iter().filter(|(_, node)| node.get("FunctionArn").is_some())
                {
                    let request =
                        authorizer.get("FunctionPayloadType").and_then(Node::text) == Some("REQUEST");
                    let kind = match (kind, request) {
                        ("AWS::Serverless::HttpApi", _) => Kind::Http,
                        (_, true) => Kind::RestRequest,
                        (_, false) => Kind::RestToken,
                    };
                    let sources = sam_sources(authorizer.get("Identity"), kind);
                    self.add(&format!("{name}.{own}"), authorizer, kind, sources, &SAM);
                }
            }
            _ => {}
        }
    }

    fn cloudformation(&mut self, name: &str, resource: &Node, kind: Kind) {
        let sources = sources_in(resource.at(&["Properties", "IdentitySource"]));
        self.add(
            name,
            resource,
            kind,
            sources.iter().map(|source| normal(source)).collect(),
            &CLOUDFORMATION,
        );
    }

    fn openapi(&mut self, name: &str, own: &Node) {
        let text = |member: &str| own.get(member).and_then(Node::text);
        let http = text("authorizerPayloadFormatVersion").is_some();
        let kind = match (text("type"), http) {
            (Some("request"), true) => Kind::Http,
            (Some("request"), false) => Kind::RestRequest,
            (Some("token"), _) => Kind::RestToken,
            _ => return,
        };
        let mut sources: Vec<String> =
            sources_in(own.get("identitySource")).iter().map(|source| normal(source)).collect();
        if sources.is_empty() && kind == Kind::RestToken {
            sources.push("header:authorization".to_owned());
        }
        self.add(name, own, kind, sources, &OPENAPI);
    }

    fn add(&mut self, name: &str, node: &Node, kind: Kind, sources: Vec<String>, names: &Names) {
        let ttl = match node.at(names.ttl) {
            // A WebSocket API keeps no answers, an HTTP API none that nothing tells apart.
            _ if kind == Kind::WebSocket || (kind == Kind::Http && sources.is_empty()) => Some(0),
            None => Some(DEFAULT_TTL),
            Some(value) => value.text().and_then(|text| text.parse().ok()),
        };
        let simple = node.at(names.simple).and_then(Node::text) == Some("true");
        self.authorizers.push(Authorizer {
            name: name.to_owned(),
            line: node.line,
            kind,
            ttl,
            sources,
            simple,
        });
    }
}

/// The identity sources, as they are written: a list, or text with commas.
fn sources_in(node: Option<&Node>) -> Vec<String> {
    let items = node.map(Node::items).unwrap_or_default();
    let texts = items.into_iter().filter_map(Node::text);
    texts
        .flat_map(|text| text.split(','))
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
        .collect()
}

/// `method.request.header.Authorization`, `$request.header.Authorization` and
/// `route.request.header.Authorization` are the same.
fn normal(source: &str) -> String {
    let source = source.to_ascii_lowercase();
    let bare = source.trim_start_matches('$');
    let bare = bare.strip_prefix("method.").or_else(|| bare.strip_prefix("route.")).unwrap_or(bare);
    let bare = bare.strip_prefix("request.").unwrap_or(bare);
    bare.replacen('.', ":", 1)
}

/// SAM has a list for each kind of source.
fn sam_sources(identity: Option<&Node>, kind: Kind) -> Vec<String> {
    let of = |member: &str, kind: &str| {
        let node = identity.and_then(|identity| identity.get(member));
        sources_in(node)
            .into_iter()
            .map(|name| format!("{kind}:{}", name.to_ascii_lowercase()))
            .collect::<Vec<_>>()
    };
    if kind == Kind::RestToken {
        let header = of("Header", "header");
        return if header.is_empty() { vec!["header:authorization".to_owned()] } else { header };
    }
    let lists = [
        ("Headers", "header"),
        ("QueryStrings", "querystring"),
        ("StageVariables", "stagevariables"),
        ("Context", "context"),
    ];
    lists.into_iter().flat_map(|(member, kind)| of(member, kind)).collect()
}
