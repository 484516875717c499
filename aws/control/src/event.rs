//! Finds out the kind of an event, and then reads it as that kind only.
//!
//! `lambda_http` would read an authorizer's event as a request. It panics at what it cannot convert,
//! so [`Event::read`] rejects that first.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambda_http::http::Uri;
use lambda_http::http::header::{self, HeaderName};
use lambda_http::request::LambdaRequest;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use url::Url;

/// The sources of scheduled events: a rule of EventBridge, and its Scheduler.
const SCHEDULES: [&str; 2] = ["aws.events", "aws.scheduler"];

/// An event, read as its kind.
pub(crate) enum Event {
    /// A request from a Function URL, from an HTTP API with payload 2.0, or from a load balancer.
    Http(Box<LambdaRequest>),
    /// The schedule is due.
    Schedule,
}

/// Why an event was rejected.
#[derive(Debug)]
pub(crate) enum ParseError {
    /// This function answers no events of its kind.
    Unknown(String),
    /// It is an incomplete or malformed request.
    Http(String),
}

/// The members that tell the kinds apart.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EventShape {
    source: Option<serde_json::Value>,
    r#type: Option<IgnoredAny>,
    route_arn: Option<IgnoredAny>,
    method_arn: Option<IgnoredAny>,
    request_context: Option<ContextShape>,
}

#[derive(Deserialize)]
struct ContextShape {
    http: Option<IgnoredAny>,
    elb: Option<IgnoredAny>,
}

impl Event {
    /// Reads an event as its kind.
    pub(crate) fn read(raw: &RawValue) -> Result<Self, ParseError> {
        let unknown = |why: &str| Err(ParseError::Unknown(format!("refused an event: {why}")));
        let Ok(shape) = serde_json::from_str::<EventShape>(raw.get()) else {
            return unknown("its kind is unknown");
        };
        let Some(context) = shape.request_context else {
            let source = shape.source.as_ref().and_then(serde_json::Value::as_str);
            return match source {
                Some(source) if SCHEDULES.contains(&source) => Ok(Self::Schedule),
                _ => unknown("it is neither a request nor from a schedule"),
            };
        };
        if [shape.r#type, shape.route_arn, shape.method_arn].iter().any(Option::is_some) {
            return unknown("it is for an authorizer, and this is the control function");
        }
        if context.http.is_none() && context.elb.is_none() {
            return unknown(
                "send requests by a Function URL, an HTTP API with payload 2.0, or a load balancer",
            );
        }
        // The error could repeat a credential.
        let Ok(request) = serde_json::from_str::<LambdaRequest>(raw.get()) else {
            return Err(ParseError::Http("it is incomplete or malformed".to_owned()));
        };
        check_convertible(&request)?;
        Ok(Self::Http(Box::new(request)))
    }
}

/// Rejects what `lambda_http` cannot convert: an invalid URL, and a body that is not base64.
fn check_convertible(request: &LambdaRequest) -> Result<(), ParseError> {
    let wrong = |what: &str| ParseError::Http(format!("its {what} cannot be read"));
    let (headers, domain, path, query, body) = match request {
        LambdaRequest::ApiGatewayV2(request) => (
            &request.headers,
            request.request_context.domain_name.as_deref(),
            &request.raw_path,
            request.raw_query_string.clone().unwrap_or_default(),
            (&request.body, request.is_base64_encoded),
        ),
        LambdaRequest::Alb(request) => (
            &request.headers,
            None,
            &request.path,
            format!(
                "{}{}",
                request.query_string_parameters.to_query_string(),
                request.multi_value_query_string_parameters.to_query_string()
            ),
            (&request.body, request.is_base64_encoded),
        ),
        _ => return Err(ParseError::Http("it is of another kind".to_owned())),
    };
    let field = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let scheme = field(HeaderName::from_static("x-forwarded-proto")).unwrap_or("https");
    let host = field(header::HOST).or(domain).unwrap_or("localhost");
    let path = path.as_deref().unwrap_or_default();
    let url = Url::parse(&format!("{scheme}://{host}{path}")).map_err(|_| wrong("host or path"))?;
    Uri::try_from(format!("{url}?{query}")).map_err(|_| wrong("URL"))?;
    match body {
        (Some(body), true) if STANDARD.decode(body).is_err() => Err(wrong("body")),
        _ => Ok(()),
    }
}
