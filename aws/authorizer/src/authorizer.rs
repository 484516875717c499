//! Passes authorizers' events to the gate.

use edge_auth::certificate::PlatformCertificate;
use edge_auth::endpoints::InboundRequest;
use edge_auth::{HANDED_TOKEN, Headers};
use edge_auth_api_gateway::{ApiGatewayAuthorizer, ApiType, AuthorizerResult};
use edge_auth_lambda::LambdaPlatform;
use edge_auth_native::now;

use crate::event::{GraphQlEvent, RequestEvent, RouteEvent, TokenEvent};
use crate::request_context::{host_field, single};

/// Decides about a `TOKEN` event. It has the token, whatever field the client sent it in, and the
/// ARN, but no host, address or certificate.
pub(crate) async fn token(
    authorizer: &ApiGatewayAuthorizer<LambdaPlatform>,
    event: &TokenEvent,
) -> AuthorizerResult {
    let fields = [(HANDED_TOKEN, event.authorization_token.as_bytes())];
    let incoming = alone(&fields);
    let decision = authorizer.authorize_method(ApiType::Rest, &event.method_arn, &incoming, now());
    in_time(authorizer, &incoming, &event.method_arn, decision).await
}

/// Decides about a request of a REST API, an HTTP API in payload 1.0, or a WebSocket API.
pub(crate) async fn request(
    authorizer: &ApiGatewayAuthorizer<LambdaPlatform>,
    api: ApiType,
    event: &RequestEvent,
) -> AuthorizerResult {
    let fields = event.fields.list();
    let incoming = InboundRequest {
        method: event.http_method.as_deref().unwrap_or_default(),
        target: event.path.as_deref().unwrap_or_default(),
        ..event.request_context.incoming(&fields)
    };
    let decision = authorizer.authorize_method(api, &event.method_arn, &incoming, now());
    in_time(authorizer, &incoming, &event.method_arn, decision).await
}

/// Decides about a request of an HTTP API in payload 2.0.
pub(crate) async fn route(
    authorizer: &ApiGatewayAuthorizer<LambdaPlatform>,
    event: &RouteEvent,
) -> AuthorizerResult {
    let fields = event.fields.list();
    let http = event.request_context.http.as_ref();
    let incoming = InboundRequest {
        method: http.and_then(|http| http.method.as_deref()).unwrap_or_default(),
        target: event.raw_path.as_deref().unwrap_or_default(),
        ..event.request_context.incoming(&fields)
    };
    let decision = authorizer.authorize_route(&event.route_arn, &incoming, now());
    in_time(authorizer, &incoming, &event.route_arn, decision).await
}

/// Decides about an operation of AppSync. Its event has the token in a separate member, whatever
/// field the client sent it in.
pub(crate) async fn graphql(
    authorizer: &ApiGatewayAuthorizer<LambdaPlatform>,
    event: &GraphQlEvent,
) -> AuthorizerResult {
    let mut fields = single(&event.request_headers);
    fields.retain(|(name, _)| !name.eq_ignore_ascii_case("authorization"));
    fields.push((HANDED_TOKEN, event.authorization_token.as_bytes()));
    let incoming = InboundRequest { host: host_field(&fields), ..alone(&fields) };
    in_time(authorizer, &incoming, "an operation", authorizer.authorize_graphql(&incoming, now()))
        .await
}

/// Returns the answer, or an error if the decision takes too long.
async fn in_time(
    authorizer: &ApiGatewayAuthorizer<LambdaPlatform>,
    incoming: &InboundRequest<'_>,
    call: &str,
    decision: impl Future<Output = AuthorizerResult>,
) -> AuthorizerResult {
    match edge_auth_lambda::in_time(decision).await {
        Ok(answered) => answered,
        Err(late) => authorizer.time_out(incoming, &format!("{call}: {late}"), now()),
    }
}

/// Returns a request that has only fields.
fn alone<'a>(fields: &'a [(&'a str, &'a [u8])]) -> InboundRequest<'a> {
    InboundRequest {
        location: edge_auth::ClientLocation::default(),
        peer: None,
        platform_authenticated: false,
        method: "",
        host: None,
        authority: None,
        target: "",
        headers: Headers(fields),
        certificate: PlatformCertificate::Nothing,
    }
}
