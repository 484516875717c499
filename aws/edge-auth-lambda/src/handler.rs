//! Passes an event to its endpoint, writes the decision to the audit log, and then answers.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use edge_auth::endpoints::{
    BodyError, Dispatched, Dispatcher, HostRuntime, InboundRequest, RequestBody, Unrecorded, settle,
};
use edge_auth::platform::{MaybeSend, Randomness};
use edge_auth::{AuditEvent, Code, DeferredTask, Denial, Gate, Reply};
use edge_auth_api_gateway::{
    ApiGatewayAuthorizer, ApiType, AuthorizerError, AuthorizerResponse, AuthorizerResult,
};
use edge_auth_control::ControlDispatcher;
use edge_auth_control::store::MissingStore;
use edge_auth_native::{SystemRandomness, now};
use edge_auth_token::Timestamp;
use lambda_runtime::Diagnostic;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::event::{Event, HttpEvent, ParseError};
use crate::http::HttpReply;
use crate::platform::{LambdaPlatform, NO_STORE};
use crate::{authorizer, deadline};

/// How long an answer waits for deferred work.
const DEFERRED: Duration = Duration::from_secs(1);

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

    /// Answers an event. API Gateway knows both errors: `Unauthorized` is a 401, any other a 500.
    pub(crate) async fn answer(&self, event: Box<RawValue>) -> Result<HandlerResponse, Diagnostic> {
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

    async fn settle(
        &self,
        (answer, outcome): AuthorizerResult,
    ) -> Result<AuthorizerResponse, AuthorizerError> {
        match settle(&LambdaRuntime(&self.gate), outcome).await {
            Ok(_) => answer,
            Err(Unrecorded) => Err(AuthorizerError::Unavailable),
        }
    }

    async fn http(&self, event: &HttpEvent) -> HttpReply {
        let runtime = LambdaRuntime(&self.gate);
        let fields = event.fields.list();
        let incoming =
            InboundRequest { method: event.method(), ..event.request_context.incoming(&fields) };
        let dispatcher = Dispatcher::new(&self.gate, false);
        let dispatched = match event.target() {
            Ok(target) => {
                let incoming = InboundRequest { target: &target, ..incoming };
                let body = &mut EventBody(event);
                if dispatcher.is_for_control(&incoming) {
                    let reply = match self.gate.platform().store() {
                        Some(store) => {
                            let control = ControlDispatcher::new(&self.gate, store);
                            control.dispatch(&incoming, body, &runtime).await
                        }
                        None => {
                            let control =
                                ControlDispatcher::new(&self.gate, &MissingStore(NO_STORE));
                            control.dispatch(&incoming, body, &runtime).await
                        }
                    };
                    Dispatched::Reply(reply)
                } else {
                    dispatcher.dispatch(&incoming, body, &runtime).await
                }
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

/// The host of one event.
struct LambdaRuntime<'a>(&'a Gate<LambdaPlatform>);

impl HostRuntime for LambdaRuntime<'_> {
    fn now(&self) -> Timestamp {
        now()
    }

    fn randomness(&self) -> &dyn Randomness {
        &SystemRandomness
    }

    async fn in_time<T: MaybeSend>(
        &self,
        decision: impl Future<Output = T> + MaybeSend,
    ) -> Result<T, String> {
        deadline::in_time(decision).await
    }

    fn warn(&self, notice: String) {
        tell([notice]);
    }

    /// Runs the task before the answer: after it, Lambda freezes the function.
    async fn defer(&self, task: DeferredTask) {
        match tokio::time::timeout(DEFERRED, self.0.run_deferred(task, now())).await {
            Ok(notices) => tell(notices),
            Err(_) => tell([format!(
                "deferred work was stopped after {DEFERRED:?}; a later event repeats it"
            )]),
        }
    }

    async fn record(&self, event: AuditEvent) -> Result<(), Unrecorded> {
        if let Err(error) = write_line(&event) {
            tell([format!("the audit event cannot be written: {error}")]);
            return Err(Unrecorded);
        }
        Ok(())
    }
}

/// Writes an audit event to the standard output stream.
fn write_line(event: &AuditEvent) -> std::io::Result<()> {
    let line = serde_json::to_string(event)?;
    writeln!(std::io::stdout().lock(), "{line}")
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

/// Writes notices for the operator to the standard error stream.
pub(crate) fn tell(notices: impl IntoIterator<Item = String>) {
    for notice in notices {
        // A notice that cannot be written changes no answer.
        let _ = writeln!(std::io::stderr().lock(), "edge-auth: {notice}");
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
