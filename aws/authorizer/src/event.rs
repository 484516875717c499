//! Finds out the kind of an event, and then reads it as that kind only.
//!
//! Without the first step one kind could be read as another. Real events have `null` for any member
//! that is absent.

use std::collections::HashMap;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// An event, read as its kind.
pub(crate) enum Event {
    /// A `TOKEN` authorizer of a REST API.
    Token(TokenEvent),
    /// A `REQUEST` authorizer of a REST API, or an authorizer of an HTTP API in payload 1.0.
    Request { event: Box<RequestEvent>, http_api: bool },
    /// An authorizer of a WebSocket API's `$connect`.
    Connect(Box<RequestEvent>),
    /// An authorizer of an HTTP API in payload 2.0.
    Route(Box<RouteEvent>),
    /// An authorizer of AppSync.
    GraphQl(GraphQlEvent),
    /// A request over HTTP.
    Http(Box<HttpEvent>),
}

/// Why an event was rejected.
pub(crate) enum ParseError {
    /// The kind is unknown.
    Unknown,
    /// It is an incomplete HTTP request.
    Http(String),
    /// It is an incomplete event of an authorizer.
    Authorizer(String),
}

/// The members that tell the kinds apart.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EventShape {
    #[serde(default, deserialize_with = "text")]
    r#type: Option<String>,
    #[serde(default, deserialize_with = "text")]
    version: Option<String>,
    route_arn: Option<IgnoredAny>,
    method_arn: Option<IgnoredAny>,
    authorization_token: Option<IgnoredAny>,
    http_method: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "or_nothing")]
    request_context: ContextShape,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContextShape {
    http: Option<IgnoredAny>,
    elb: Option<IgnoredAny>,
    connection_id: Option<IgnoredAny>,
    query_string: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TokenEvent {
    pub(crate) method_arn: String,
    pub(crate) authorization_token: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequestEvent {
    pub(crate) method_arn: String,
    pub(crate) http_method: Option<String>,
    pub(crate) path: Option<String>,
    #[serde(flatten)]
    pub(crate) fields: Fields,
    #[serde(deserialize_with = "or_nothing", default)]
    pub(crate) request_context: RequestContext,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RouteEvent {
    pub(crate) route_arn: String,
    pub(crate) raw_path: Option<String>,
    #[serde(flatten)]
    pub(crate) fields: Fields,
    #[serde(deserialize_with = "or_nothing", default)]
    pub(crate) request_context: RequestContext,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GraphQlEvent {
    pub(crate) authorization_token: String,
    #[serde(default, deserialize_with = "or_nothing")]
    pub(crate) request_headers: HashMap<String, Option<String>>,
}

/// A request from a Function URL, an HTTP API (payload 1.0 or 2.0), a REST API or a load balancer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HttpEvent {
    /// The payload's version: only an HTTP API and a Function URL set it.
    pub(crate) version: Option<String>,
    pub(crate) http_method: Option<String>,
    pub(crate) path: Option<String>,
    pub(crate) raw_path: Option<String>,
    pub(crate) raw_query_string: Option<String>,
    #[serde(default, deserialize_with = "or_nothing")]
    pub(crate) query_string_parameters: HashMap<String, Option<String>>,
    #[serde(default, deserialize_with = "or_nothing")]
    pub(crate) multi_value_query_string_parameters: HashMap<String, Option<Vec<String>>>,
    pub(crate) body: Option<String>,
    #[serde(default, deserialize_with = "or_nothing")]
    pub(crate) is_base64_encoded: bool,
    #[serde(flatten)]
    pub(crate) fields: Fields,
    #[serde(deserialize_with = "or_nothing", default)]
    pub(crate) request_context: RequestContext,
}

/// The header fields. Only `multi_value_headers` has all values of a repeated field.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Fields {
    #[serde(default, deserialize_with = "or_nothing")]
    pub(crate) headers: HashMap<String, Option<String>>,
    #[serde(default)]
    pub(crate) multi_value_headers: Option<HashMap<String, Option<Vec<String>>>>,
    /// The cookies of payload 2.0 (HTTP APIs, Function URLs), which has them outside the fields.
    #[serde(default, deserialize_with = "or_nothing")]
    pub(crate) cookies: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequestContext {
    pub(crate) domain_name: Option<String>,
    pub(crate) stage: Option<String>,
    pub(crate) elb: Option<IgnoredAny>,
    pub(crate) http: Option<HttpContext>,
    pub(crate) identity: Option<Identity>,
    pub(crate) authentication: Option<Authentication>,
    pub(crate) authorizer: Option<Authorizer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HttpContext {
    pub(crate) method: Option<String>,
    pub(crate) source_ip: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Identity {
    pub(crate) source_ip: Option<String>,
    pub(crate) client_cert: Option<ClientCert>,
    /// The caller of a REST API that IAM has authenticated.
    pub(crate) user_arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Authentication {
    pub(crate) client_cert: Option<ClientCert>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClientCert {
    pub(crate) client_cert_pem: Option<String>,
}

/// The caller of a Function URL or HTTP API that IAM has authenticated.
#[derive(Deserialize)]
pub(crate) struct Authorizer {
    pub(crate) iam: Option<IgnoredAny>,
}

impl Event {
    /// Reads an event as its kind.
    pub(crate) fn read(raw: &RawValue) -> Result<Self, ParseError> {
        let Ok(shape) = serde_json::from_str::<EventShape>(raw.get()) else {
            return Err(ParseError::Unknown);
        };
        let context = &shape.request_context;
        match (shape.r#type.as_deref(), shape.version.as_deref()) {
            (_, Some("2.0")) if shape.route_arn.is_some() => authorizer(raw).map(Self::Route),
            (Some("TOKEN"), _) if shape.method_arn.is_some() => authorizer(raw).map(Self::Token),
            _ if shape.method_arn.is_some() && context.connection_id.is_some() => {
                authorizer(raw).map(Self::Connect)
            }
            (Some("REQUEST"), version) if shape.method_arn.is_some() => {
                let http_api = version == Some("1.0");
                authorizer(raw).map(|event| Self::Request { event, http_api })
            }
            // Any other event of an authorizer must not be answered as a request.
            (Some(_), _) => Err(ParseError::Authorizer(
                "it has a `type`, but lacks the ARN that goes with it".to_owned(),
            )),
            _ if shape.method_arn.is_some() || shape.route_arn.is_some() => {
                Err(ParseError::Authorizer("it has an ARN, but lacks the `type`".to_owned()))
            }
            _ if shape.authorization_token.is_some() && context.query_string.is_some() => {
                authorizer(raw).map(Self::GraphQl)
            }
            _ if context.http.is_some() || context.elb.is_some() || shape.http_method.is_some() => {
                parsed(raw).map(Self::Http).map_err(ParseError::Http)
            }
            _ => Err(ParseError::Unknown),
        }
    }
}

fn authorizer<T: DeserializeOwned>(raw: &RawValue) -> Result<T, ParseError> {
    parsed(raw).map_err(ParseError::Authorizer)
}

/// Parses an event. The error has the column of the mistake, but not the text there, which may be a
/// credential.
fn parsed<T: DeserializeOwned>(raw: &RawValue) -> Result<T, String> {
    serde_json::from_str(raw.get())
        .map_err(|error| format!("it is incomplete or malformed at column {}", error.column()))
}

/// Reads `null` as an absent member.
fn or_nothing<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    from: D,
) -> Result<T, D::Error> {
    Option::deserialize(from).map(Option::unwrap_or_default)
}

/// Reads a string. Values of other types are ignored, as they mark no kind of event.
fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    match Option::<serde_json::Value>::deserialize(from)? {
        Some(serde_json::Value::String(text)) => Ok(Some(text)),
        _ => Ok(None),
    }
}
