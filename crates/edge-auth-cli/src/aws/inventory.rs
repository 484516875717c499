//! What a template has of authorizers and APIs, however it writes them.

use super::authorizer::Authorizer;
use super::integration::Integration;
use super::template::Node;

/// What closes a default endpoint.
const CLOSED: &str = "DisableExecuteApiEndpoint";

/// An API that has a default endpoint, unless it says that it has none.
#[derive(Debug)]
pub(super) struct ApiResource {
    pub(super) name: String,
    pub(super) line: usize,
    /// `DisableExecuteApiEndpoint`.
    pub(super) closed: bool,
    /// Whether it is a REST API.
    rest: bool,
}

/// What a template has.
#[derive(Debug, Default)]
pub(super) struct Inventory {
    pub(super) authorizers: Vec<Authorizer>,
    pub(super) apis: Vec<ApiResource>,
    /// Those that pass their clients' fields on to an HTTP server.
    pub(super) integrations: Vec<Integration>,
    /// A route of an HTTP API that takes whatever paths there are: `$default`, `ANY /{proxy+}`.
    pub(super) greedy_route: Option<String>,
    /// Whether a domain asks clients for certificates.
    pub(super) mutual_tls: bool,
}

impl Inventory {
    pub(super) fn in_template(root: &Node) -> Self {
        let mut inventory = Self::default();
        root.walk(&mut Vec::new(), &mut |path, node| inventory.look_at(root, path, node));
        inventory
    }

    fn look_at(&mut self, root: &Node, path: &[&str], node: &Node) {
        let name = path.last().copied().unwrap_or_default();
        self.mutual_tls |= matches!(name, "MutualTlsAuthentication" | "mutualTlsAuthentication");
        match path {
            ["Globals", "Api"] => self.globals(root, false, node),
            ["Globals", "HttpApi"] => self.globals(root, true, node),
            _ => {}
        }
        if let Some(own) = node.get("x-amazon-apigateway-authorizer") {
            self.authorizers.extend(Authorizer::in_openapi(name, own));
        }
        if let Some(own) = node.get("x-amazon-apigateway-integration") {
            let method = path.len().checked_sub(2).and_then(|above| path.get(above)).copied();
            self.integrations.extend(Integration::in_openapi(method.unwrap_or(name), own));
        }
        if name == "x-amazon-apigateway-integrations" {
            let shared = node.members().iter();
            self.integrations.extend(shared.filter_map(|(name, own)| Integration::in_openapi(name, own)));
        }
        if node.get("openapi").is_some() || node.get("swagger").is_some() {
            self.openapi(path.len() > 1, node);
        }
        if let Some(kind) = node.get("Type").and_then(Node::text) {
            self.resource(root, name, kind, node);
        }
    }

    fn resource(&mut self, root: &Node, name: &str, kind: &str, node: &Node) {
        self.integrations.extend(Integration::in_cloudformation(name, node));
        let properties = node.get("Properties");
        let text = |member| properties.and_then(|properties| properties.get(member)).and_then(Node::text);
        // A function's event without a path is for the default route, as an API's target is.
        match kind {
            "HttpApi" => self.route(text("Path").unwrap_or("$default")),
            "AWS::ApiGatewayV2::Api" if text("Target").is_some() => {
                self.route(text("RouteKey").unwrap_or("$default"));
            }
            "AWS::ApiGatewayV2::Route" => self.route(text("RouteKey").unwrap_or_default()),
            _ => {}
        }
        let Some(properties) = properties else { return };
        match kind {
            "AWS::Serverless::Api" => self.serverless(root, name, node.line, false, properties),
            "AWS::Serverless::HttpApi" => self.serverless(root, name, node.line, true, properties),
            "AWS::ApiGateway::RestApi" => self.api(name, node.line, true, properties),
            "AWS::ApiGatewayV2::Api" => self.api(name, node.line, false, properties),
            _ => self.authorizers.extend(Authorizer::in_cloudformation(name, node)),
        }
    }

    /// A SAM API, for which `Globals` say what it does not say itself.
    fn serverless(&mut self, root: &Node, name: &str, line: usize, http: bool, properties: &Node) {
        let globals = root.at(&["Globals", if http { "HttpApi" } else { "Api" }]);
        let closed = [Some(properties), globals].into_iter().flatten().find_map(|node| node.get(CLOSED));
        self.apis.push(ApiResource { name: name.to_owned(), line, closed: is_on(closed), rest: !http });
        self.sam_authorizers(name, http, properties, globals);
    }

    /// What SAM's `Globals` say of one kind of API: it is all that is said of the API that SAM makes for functions'
    /// events.
    fn globals(&mut self, root: &Node, http: bool, globals: &Node) {
        let (section, kind) = match http {
            true => ("Globals.HttpApi", "AWS::Serverless::HttpApi"),
            false => ("Globals.Api", "AWS::Serverless::Api"),
        };
        let mut resources = root.get("Resources").map(Node::members).unwrap_or_default().iter();
        if !resources.any(|(_, node)| node.get("Type").and_then(Node::text) == Some(kind)) {
            self.api(section, globals.line, !http, globals);
        }
        self.sam_authorizers(section, http, globals, None);
    }

    /// The authorizers that `own` names, on top of what `globals` say of the same.
    fn sam_authorizers(&mut self, api: &str, http: bool, own: &Node, globals: Option<&Node>) {
        let authorizers = ["Auth", "Authorizers"];
        let others = globals.and_then(|globals| globals.at(&authorizers));
        for (name, node) in own.at(&authorizers).map(Node::members).unwrap_or_default() {
            let other = others.and_then(|others| others.get(name));
            let whole = other.map_or_else(|| node.clone(), |other| node.over(other));
            self.authorizers.extend(Authorizer::in_sam(&format!("{api}.{name}"), http, &whole));
        }
    }

    fn api(&mut self, name: &str, line: usize, rest: bool, properties: &Node) {
        let closed = is_on(properties.get(CLOSED));
        self.apis.push(ApiResource { name: name.to_owned(), line, closed, rest });
    }

    /// An OpenAPI document: a file of its own, or within the resource that was found last.
    fn openapi(&mut self, within: bool, node: &Node) {
        let endpoint = ["x-amazon-apigateway-endpoint-configuration", "disableExecuteApiEndpoint"];
        let servers = node.get("servers").map(Node::items).unwrap_or_default();
        // Within a resource, the resource says it, or this does.
        let closed =
            is_on(node.at(&endpoint)) || servers.into_iter().any(|server| is_on(server.at(&endpoint)));
        let rest = match self.apis.last_mut().filter(|_| within) {
            Some(api) => {
                api.closed |= closed;
                api.rest
            }
            None => {
                self.apis.push(ApiResource {
                    name: "the API".to_owned(),
                    line: node.line,
                    closed,
                    rest: false,
                });
                false
            }
        };
        for (path, _) in node.get("paths").map(Node::members).unwrap_or_default().iter().filter(|_| !rest) {
            self.route(path);
        }
    }

    /// A route of an HTTP API.
    fn route(&mut self, key: &str) {
        if key.ends_with("+}") || key.ends_with("$default") {
            self.greedy_route.get_or_insert_with(|| key.to_owned());
        }
    }
}

fn is_on(node: Option<&Node>) -> bool {
    node.and_then(Node::flag) == Some(true)
}
