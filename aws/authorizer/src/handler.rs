//! Passes an event to its endpoint, and answers.

use std::sync::Arc;

use edge_auth::endpoints::{
    BodyError, Dispatched, Dispatcher, InboundRequest, RequestBody, Unrecorded, settle,
};
use edge_auth::{Code, Denial, Gate, Reply};
use edge_auth_api_gateway::{
    ApiGatewayAuthorizer, ApiType, AuthorizerError, AuthorizerResponse, AuthorizerResult,
};
use edge_auth_lambda::{EventHandler, LambdaHost, LambdaPlatform, tell};
use lambda_runtime::Diagnostic;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::authorizer;
use crate::event::{Event, HttpEvent, ParseError};
use crate::http::HttpReply;

/// Answers events by a gate.
pub(crate) struct Handler {
    gate: Arc<Gate<LambdaPlatform>>,
    authorizer: ApiGatewayAuthorizer<LambdaPlatform>,
}

/// The function's response to an event.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum HandlerResponse {
    Authorizer(AuthorizerResponse),
    Http(HttpReply),
}

impl Handler {
    pub(crate) fn new(gate: Gate<LambdaPlatform>) -> Self {
        let gate = Arc::new(gate);
        Self { authorizer: ApiGatewayAuthorizer::new(Arc::clone(&gate)), gate }
    }
}

impl EventHandler for Handler {
    type Response = HandlerResponse;

    /// Answers an event. API Gateway knows both errors: `Unauthorized` is a 401, any other a 500.
    async fn answer(&self, event: Box<RawValue>) -> Result<HandlerResponse, Diagnostic> {
        let api_gateway = &self.authorizer;
        let result = match Event::read(&event) {
            Ok(Event::Http(event)) => return Ok(HandlerResponse::Http(self.http(&event).await)),
            Ok(Event::Token(event)) => authorizer::token(api_gateway, &event).await,
            Ok(Event::Request { event, http_api }) => {
                let api = if http_api { ApiType::Http } else { ApiType::Rest };
                authorizer::request(api_gateway, api, &event).await
            }
            Ok(Event::Connect(event)) => {
                authorizer::request(api_gateway, ApiType::WebSocket, &event).await
            }
            Ok(Event::Route(event)) => authorizer::route(api_gateway, &event).await,
            Ok(Event::GraphQl(event)) => authorizer::graphql(api_gateway, &event).await,
            Err(error) => return rejected(error),
        };
        self.settle(result).await.map(HandlerResponse::Authorizer).map_err(raised)
    }
}

impl Handler {
    async fn settle(
        &self,
        (answer, outcome): AuthorizerResult,
    ) -> Result<AuthorizerResponse, AuthorizerError> {
        match settle(&LambdaHost(&self.gate), outcome).await {
            Ok(_) => answer,
            Err(Unrecorded) => Err(AuthorizerError::Unavailable),
        }
    }

    async fn http(&self, event: &HttpEvent) -> HttpReply {
        let runtime = LambdaHost(&self.gate);
        let fields = event.fields.list();
        let incoming =
            InboundRequest { method: event.method(), ..event.request_context.incoming(&fields) };
        let dispatcher = Dispatcher::new(&self.gate, false);
        let dispatched = match event.target() {
            Ok(target) => {
                let incoming = InboundRequest { target: &target, ..incoming };
                dispatcher.dispatch(&incoming, &mut EventBody(event), &runtime).await
            }
            Err(decoded) => {
                let why = "the path may have been another one before the platform decoded it";
                let incoming = InboundRequest { target: decoded, ..incoming };
                let denial = Denial::new(Code::PathAmbiguous, why);
                dispatcher.refuse(&incoming, denial, &runtime).await
            }
        };
        event.reply(match dispatched {
            Dispatched::Reply(reply) => reply,
            // This host has no upstream, so the gate does not return this.
            Dispatched::Forward(_) => Reply::host_error(404, "There is no upstream."),
        })
    }
}

/// The body of an HTTP event.
struct EventBody<'a>(&'a HttpEvent);

impl RequestBody for EventBody<'_> {
    async fn read(&mut self, limit: usize) -> Result<Vec<u8>, BodyError> {
        match self.0.body() {
            Some(body) if body.len() <= limit => Ok(body),
            Some(_) => Err(BodyError::TooLarge),
            // The event declares base64, and the body is not.
            None => Err(BodyError::Unreadable),
        }
    }
}

/// Answers an event that was rejected. Neither answer allows access, whoever reads it.
fn rejected(error: ParseError) -> Result<HandlerResponse, Diagnostic> {
    tell([match &error {
        ParseError::Unknown => "refused an event of an unknown kind".to_owned(),
        ParseError::Http(why) => format!("refused an HTTP event: {why}"),
        ParseError::Authorizer(why) => format!("refused an authorizer's event: {why}"),
    }]);
    match error {
        ParseError::Http(_) => Ok(HandlerResponse::Http(HttpReply::plain(Reply::host_error(
            400,
            "The event is incomplete.",
        )))),
        ParseError::Unknown | ParseError::Authorizer(_) => {
            Err(raised(AuthorizerError::Unauthorized))
        }
    }
}

fn raised(raised: AuthorizerError) -> Diagnostic {
    let error_type = match raised {
        AuthorizerError::Unauthorized => "Unauthorized",
        AuthorizerError::Unavailable => "Unavailable",
    };
    Diagnostic { error_type: error_type.to_owned(), error_message: raised.to_string() }
}
