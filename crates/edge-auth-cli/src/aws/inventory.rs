//! The authorizers and APIs of a template, in each of its formats.

use std::collections::{BTreeMap, BTreeSet};

use super::authorizer::Authorizer;
use super::external::External;
use super::integration::Integration;
use super::preflight::Preflight;
use super::template::Node;

/// The setting that closes a default endpoint.
const CLOSED: &str = "DisableExecuteApiEndpoint";

/// A path's member for any method, in OpenAPI.
const ANY_METHOD: &str = "x-amazon-apigateway-any-method";

/// An API. It has a default endpoint unless it closes it.
#[derive(Debug)]
pub(super) struct ApiResource {
    pub(super) name: String,
    pub(super) line: usize,
    /// `DisableExecuteApiEndpoint`.
    pub(super) closed: bool,
    /// Whether it is a REST API.
    rest: bool,
}

/// The parts of a template that `aws lint` checks.
#[derive(Debug, Default)]
pub(super) struct Inventory {
    pub(super) authorizers: Vec<Authorizer>,
    pub(super) apis: Vec<ApiResource>,
    /// Integrations that forward their clients' fields to an HTTP server.
    pub(super) integrations: Vec<Integration>,
    /// A route of an HTTP API that takes any path: `$default`, `ANY /{proxy+}`.
    pub(super) greedy_route: Option<String>,
    /// The paths of an HTTP API's routes that take any method: `/orders/{id}`.
    pub(super) any_routes: Vec<String>,
    /// Whether a domain requires client certificates.
    pub(super) mutual_tls: bool,
    /// Authorizers that are not Lambda functions, with their kind.
    pub(super) others: Vec<String>,
    /// Parts that are in other files.
    pub(super) externals: Vec<External>,
    /// Preflights on routes with an authorizer.
    pub(super) preflights: Vec<Preflight>,
    /// Where `WWW-Authenticate` is set on answers of a REST API: what sets it, and its line.
    pub(super) challenges: Vec<(String, usize)>,
    /// The names of variables that stages set, in lower case.
    pub(super) stage_variables: BTreeSet<String>,
    /// The runtimes of functions, by their logical ids.
    runtimes: BTreeMap<String, String>,
}

impl Inventory {
    pub(super) fn in_template(root: &Node) -> Self {
        let mut inventory = Self::default();
        root.walk(&mut Vec::new(), &mut |path, node| inventory.look_at(root, path, node));
        inventory
    }

    /// Keeps only the authorizers of this name, and the APIs that they may belong to.
    pub(super) fn retain_called(&mut self, name: &str) {
        self.authorizers.retain(|authorizer| authorizer.is_called(name));
        let apis: Option<Vec<String>> = self.authorizers.iter().map(Authorizer::api_name).collect();
        if let Some(apis) = apis {
            self.apis.retain(|api| apis.contains(&api.name));
        }
    }

    /// Removes and names the authorizers whose function is another program than the gate, if some
    /// function is the gate. Other programs have the runtime of a language.
    pub(super) fn take_out_foreign(&mut self) -> Vec<String> {
        let is_foreign = |authorizer: &Authorizer| {
            let mut runtimes =
                authorizer.functions.iter().filter_map(|name| self.runtimes.get(name));
            runtimes.next().map(|runtime| !runtime.starts_with("provided"))
        };
        if !self.authorizers.iter().any(|authorizer| is_foreign(authorizer) == Some(false)) {
            return Vec::new();
        }
        let foreign: Vec<bool> = self
            .authorizers
            .iter()
            .map(|authorizer| is_foreign(authorizer) == Some(true))
            .collect();
        let mut names = Vec::new();
        let mut foreign = foreign.into_iter();
        self.authorizers.retain(|authorizer| {
            let is_foreign = foreign.next().unwrap_or_default();
            if is_foreign {
                names.push(authorizer.name.clone());
            }
            !is_foreign
        });
        names
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
            match Authorizer::in_openapi(name, own) {
                Some(authorizer) => self.authorizers.push(authorizer),
                None => self.other(name, own.get("type")),
            }
        }
        if matches!(name, "Variables" | "StageVariables") {
            let names = node.members().iter().map(|(name, _)| name.to_ascii_lowercase());
            self.stage_variables.extend(names);
        }
        self.externals.extend(External::of_transform(path, node));
        self.externals.extend(External::of_reference(path, node));
        self.preflights.extend(Preflight::of_operation(path, node));
        if sets_challenge(path) {
            self.challenges.push((path.get(1).copied().unwrap_or(name).to_owned(), node.line));
        }
        if let Some(own) = node.get("x-amazon-apigateway-integration") {
            let method = path.len().checked_sub(2).and_then(|above| path.get(above)).copied();
            self.integrations.extend(Integration::in_openapi(method.unwrap_or(name), own));
        }
        if name == "x-amazon-apigateway-integrations" {
            let shared = node.members().iter();
            self.integrations
                .extend(shared.filter_map(|(name, own)| Integration::in_openapi(name, own)));
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
        self.externals.extend(External::of_resource(name, kind, node));
        self.preflights.extend(Preflight::of_resource(kind, node));
        let text =
            |member| properties.and_then(|properties| properties.get(member)).and_then(Node::text);
        // A function's event without a path is for the default route, as an API's target is.
        match kind {
            "HttpApi" => {
                let path = text("Path").unwrap_or("$default");
                self.route(path);
                if text("Method").is_some_and(is_any_method) {
                    self.any_routes.push(path.to_owned());
                }
            }
            "AWS::ApiGatewayV2::Api" if text("Target").is_some() => {
                self.route(text("RouteKey").unwrap_or("$default"));
            }
            "AWS::ApiGatewayV2::Route" => {
                let key = text("RouteKey").unwrap_or_default();
                self.route(key);
                if let Some((method, path)) = key.split_once(' ')
                    && is_any_method(method)
                {
                    self.any_routes.push(path.to_owned());
                }
            }
            _ => {}
        }
        let Some(properties) = properties else { return };
        match kind {
            "AWS::Serverless::Api" => self.serverless(root, name, node.line, false, properties),
            "AWS::Serverless::HttpApi" => self.serverless(root, name, node.line, true, properties),
            "AWS::ApiGateway::RestApi" => self.api(name, node.line, true, properties),
            "AWS::ApiGatewayV2::Api" => self.api(name, node.line, false, properties),
            "AWS::ApiGateway::Authorizer" | "AWS::ApiGatewayV2::Authorizer" => {
                match Authorizer::in_cloudformation(name, node, root) {
                    Some(authorizer) => self.authorizers.push(authorizer),
                    None => self
                        .other(name, properties.get("Type").or(properties.get("AuthorizerType"))),
                }
            }
            "AWS::Lambda::Function" | "AWS::Serverless::Function" => {
                let globals = root.at(&["Globals", "Function", "Runtime"]);
                if let Some(runtime) = properties.get("Runtime").or(globals).and_then(Node::text) {
                    self.runtimes.insert(name.to_owned(), runtime.to_owned());
                }
            }
            _ => {}
        }
    }

    fn other(&mut self, name: &str, kind: Option<&Node>) {
        let kind = kind.and_then(Node::text).unwrap_or("of another kind");
        self.others.push(format!("`{name}` ({kind})"));
    }

    /// Reads a SAM API; `Globals` give what it leaves out.
    fn serverless(&mut self, root: &Node, name: &str, line: usize, http: bool, properties: &Node) {
        let globals = root.at(&["Globals", if http { "HttpApi" } else { "Api" }]);
        let closed =
            [Some(properties), globals].into_iter().flatten().find_map(|node| node.get(CLOSED));
        self.apis.push(ApiResource {
            name: name.to_owned(),
            line,
            closed: is_on(closed),
            rest: !http,
        });
        self.sam_authorizers(name, http, properties, globals);
        self.preflights.extend(Preflight::of_sam(name, http, properties, globals));
    }

    /// Reads SAM's `Globals` for one kind of API. They are the whole definition of the API that SAM
    /// makes for functions' events.
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
        self.preflights.extend(Preflight::of_sam(section, http, globals, None));
    }

    /// Reads the authorizers of `own`, over those of the same name in `globals`.
    fn sam_authorizers(&mut self, api: &str, http: bool, own: &Node, globals: Option<&Node>) {
        let authorizers = ["Auth", "Authorizers"];
        let others = globals.and_then(|globals| globals.at(&authorizers));
        for (name, node) in own.at(&authorizers).map(Node::members).unwrap_or_default() {
            let other = others.and_then(|others| others.get(name));
            let whole = other.map_or_else(|| node.clone(), |other| node.over(other));
            let name = format!("{api}.{name}");
            match Authorizer::in_sam(&name, http, &whole) {
                Some(authorizer) => self.authorizers.push(authorizer),
                None => {
                    let kinds = [("UserPoolArn", "Cognito"), ("JwtConfiguration", "JWT")];
                    let kind = kinds.into_iter().find(|(member, _)| whole.get(member).is_some());
                    let kind = kind.map_or("of another kind", |(_, kind)| kind);
                    self.others.push(format!("`{name}` ({kind})"));
                }
            }
        }
    }

    fn api(&mut self, name: &str, line: usize, rest: bool, properties: &Node) {
        let closed = is_on(properties.get(CLOSED));
        self.apis.push(ApiResource { name: name.to_owned(), line, closed, rest });
    }

    /// Reads an OpenAPI document: the whole file, or within the resource that was found last.
    fn openapi(&mut self, within: bool, node: &Node) {
        let endpoint = ["x-amazon-apigateway-endpoint-configuration", "disableExecuteApiEndpoint"];
        let servers = node.get("servers").map(Node::items).unwrap_or_default();
        // Within a resource, the resource says it, or this does.
        let closed = is_on(node.at(&endpoint))
            || servers.into_iter().any(|server| is_on(server.at(&endpoint)));
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
        if rest {
            return;
        }
        for (path, methods) in node.get("paths").map(Node::members).unwrap_or_default() {
            self.route(path);
            if methods.get(ANY_METHOD).is_some() {
                self.any_routes.push(path.clone());
            }
        }
    }

    /// Records a route of an HTTP API if it takes any path.
    fn route(&mut self, key: &str) {
        if key.ends_with("+}") || key.ends_with("$default") {
            self.greedy_route.get_or_insert_with(|| key.to_owned());
        }
    }
}

/// Returns whether these names lead to a `WWW-Authenticate` that is set on answers: by a method's
/// response, a gateway response, or SAM's short form of one.
fn sets_challenge(path: &[&str]) -> bool {
    let Some(name) = path.last().map(|name| name.to_ascii_lowercase()) else { return false };
    match name.as_str() {
        "gatewayresponse.header.www-authenticate" => true,
        "method.response.header.www-authenticate" => {
            // Beside a method's responses only says that there is one.
            !path.contains(&"MethodResponses")
        }
        "www-authenticate" => {
            path.contains(&"GatewayResponses") && matches!(path, [.., "Headers", _])
        }
        _ => false,
    }
}

/// Returns whether a route takes any method, as its key or SAM's event says.
fn is_any_method(method: &str) -> bool {
    method.eq_ignore_ascii_case("any") || method.eq_ignore_ascii_case(ANY_METHOD)
}

fn is_on(node: Option<&Node>) -> bool {
    node.and_then(Node::flag) == Some(true)
}
