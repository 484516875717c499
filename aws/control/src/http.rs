//! Turns requests into those of the core's dispatchers, and replies into responses.

use std::convert::Infallible;
use std::net::IpAddr;

use edge_auth::certificate::PlatformCertificate;
use edge_auth::endpoints::{BodyError, Dispatched, Dispatcher, InboundRequest, RequestBody};
use edge_auth::{ClientLocation, Code, Denial, Headers, Reply, parse_client_address};
use edge_auth_control::ControlDispatcher;
use edge_auth_lambda::{LambdaHost, undecoded};
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequestContext;
use lambda_http::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt, Response};
use serde_json::{Value, json};

use crate::handler::Handler;

/// The field that stands for `Authorization` where that field has AWS's signature.
const AUTHORIZATION: &str = "x-edge-auth-authorization";

/// Answers a request for administration.
pub(crate) async fn answer(
    Handler { gate, store }: &Handler,
    request: Request,
) -> Result<Response<Body>, Infallible> {
    let Some(caller) = Caller::of(&request) else {
        return Ok(response(Reply::host_error(400, "The event is incomplete.")));
    };
    let fields = fields(request.headers(), caller.is_signed);
    let inbound = InboundRequest {
        location: ClientLocation::default(),
        peer: caller.address,
        platform_authenticated: caller.is_signed || caller.is_balanced,
        method: request.method().as_str(),
        host: caller.domain.or_else(|| host_field(request.headers())),
        authority: None,
        target: "",
        headers: Headers(&fields),
        certificate: caller.certificate,
    };
    let host = LambdaHost(gate);
    let reply = match caller.path {
        Some(path) => {
            let target = match request.uri().query() {
                Some(query) => format!("{path}?{query}"),
                None => path,
            };
            let inbound = InboundRequest { target: &target, ..inbound };
            let dispatcher = ControlDispatcher::new(gate, store);
            dispatcher.dispatch(&inbound, &mut EventBody(request.body()), &host).await
        }
        None => {
            let why = "the path may have been another one before the platform decoded it";
            let inbound = InboundRequest { target: request.raw_http_path(), ..inbound };
            let denial = Denial::new(Code::PathAmbiguous, why);
            match Dispatcher::new(gate, false).refuse(&inbound, denial, &host).await {
                Dispatched::Reply(reply) => reply,
                Dispatched::Forward(_) => Reply::host_error(404, "There is no upstream."),
            }
        }
    };
    Ok(response(reply))
}

/// What the platform says about a request and its sender.
struct Caller<'a> {
    /// Whether IAM has checked the request's signature.
    is_signed: bool,
    /// Whether a load balancer sent the request, whose rules chose this function.
    is_balanced: bool,
    address: Option<IpAddr>,
    domain: Option<&'a str>,
    certificate: PlatformCertificate<'a>,
    /// The path as the client sent it; `None` if the platform's is ambiguous.
    path: Option<String>,
}

impl<'a> Caller<'a> {
    fn of(request: &'a Request) -> Option<Self> {
        let path = request.raw_http_path();
        match request.request_context_ref()? {
            RequestContext::ApiGatewayV2(context) => Some(Self {
                is_signed: context.authorizer.as_ref().is_some_and(|of| of.iam.is_some()),
                is_balanced: false,
                address: context.http.source_ip.as_deref().and_then(|ip| ip.parse().ok()),
                domain: context.domain_name.as_deref(),
                certificate: certificate(context),
                path: undecoded(path, context.stage.as_deref()),
            }),
            RequestContext::Alb(_) => Some(Self {
                is_signed: false,
                is_balanced: true,
                address: last_forwarded_for(request.headers()),
                domain: None,
                certificate: PlatformCertificate::LoadBalancer,
                path: Some(path.to_owned()),
            }),
            _ => None,
        }
    }
}

/// Returns the response to an event that cannot be read.
pub(crate) fn bad_request() -> Value {
    let reply = Reply::host_error(400, "The event is incomplete or malformed.");
    let headers: serde_json::Map<String, Value> =
        reply.headers.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
    let body = String::from_utf8_lossy(&reply.body);
    json!({ "statusCode": reply.status, "headers": headers, "body": body })
}

/// Returns the header fields. After IAM has checked the signature in `Authorization`, the
/// credential of the policy is in [`AUTHORIZATION`].
fn fields(headers: &HeaderMap, signed: bool) -> Vec<(&str, &[u8])> {
    let mut fields = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        match name.as_str() {
            "authorization" if signed => {}
            AUTHORIZATION if signed => fields.push(("authorization", value.as_bytes())),
            name => fields.push((name, value.as_bytes())),
        }
    }
    fields
}

/// Returns the `Host` field, an unreadable one as U+FFFD, which no rule has.
fn host_field(headers: &HeaderMap) -> Option<&str> {
    Some(headers.get(header::HOST)?.to_str().unwrap_or("\u{FFFD}"))
}

/// Returns the address that a load balancer appends to `X-Forwarded-For`.
fn last_forwarded_for(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
    parse_client_address(last.rsplit(',').next()?)
}

/// Returns the certificate of an HTTP API's client. One without PEM counts as presented, so that
/// the gate refuses it.
fn certificate(context: &ApiGatewayV2httpRequestContext) -> PlatformCertificate<'_> {
    let presented = context.authentication.as_ref().and_then(|of| of.client_cert.as_ref());
    match presented {
        Some(presented) => PlatformCertificate::ApiGateway(
            presented.client_cert_pem.as_deref().unwrap_or_default(),
        ),
        None => PlatformCertificate::Nothing,
    }
}

/// The body of a request, which the event has whole.
struct EventBody<'a>(&'a Body);

impl RequestBody for EventBody<'_> {
    async fn read(&mut self, limit: usize) -> Result<Vec<u8>, BodyError> {
        if self.0.len() > limit {
            return Err(BodyError::TooLarge);
        }
        Ok(self.0.to_vec())
    }
}

fn response(reply: Reply) -> Response<Body> {
    let mut response = Response::new(Body::Text(String::from_utf8_lossy(&reply.body).into_owned()));
    *response.status_mut() =
        StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in &reply.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response.headers_mut().remove(header::CONTENT_LENGTH);
    response
}
