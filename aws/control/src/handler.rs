//! The function: a gate that admits administrators, and the store that they change.

use edge_auth::Gate;
use edge_auth_dynamodb::{DEADLINE, DynamoDbStore};
use edge_auth_lambda::{EventHandler, LambdaPlatform, start_gate, table, tell};
use lambda_http::lambda_runtime::Diagnostic;
use lambda_http::{Adapter, LambdaEvent, Request, Service, service_fn};
use serde_json::value::{RawValue, to_raw_value};

use crate::event::{Event, ParseError};
use crate::{http, maintenance};

/// Answers administrators, and does the scheduled work.
pub(crate) struct Handler {
    pub(crate) gate: Gate<LambdaPlatform>,
    pub(crate) store: DynamoDbStore,
}

impl Handler {
    /// Makes the function of the environment's policy and table.
    pub(crate) async fn start() -> Result<Self, String> {
        let Some(table) = table()? else {
            return Err("there is nothing to administer: set EDGE_AUTH_STORE=dynamodb:TABLE".into());
        };
        let store = DynamoDbStore::from_environment(table, DEADLINE);
        Ok(Self { store: store.map_err(|error| error.to_string())?, gate: start_gate().await? })
    }
}

impl EventHandler for Handler {
    type Response = Box<RawValue>;

    /// Answers an event. An error reaches the function's metrics: a schedule repeats the event, a
    /// Function URL answers 502.
    async fn answer(&self, event: Box<RawValue>) -> Result<Box<RawValue>, Diagnostic> {
        match Event::read(&event) {
            Ok(Event::Schedule) => match maintenance::run(self).await {
                Ok(done) => response(&done),
                Err(why) => Err(failed("MaintenanceFailed", why)),
            },
            Ok(Event::Http(request)) => {
                let service = service_fn(|request: Request| http::answer(self, request));
                let event = LambdaEvent::new(*request, Default::default());
                match Adapter::from(service).call(event).await {
                    Ok(answer) => response(&answer),
                    Err(never) => match never {},
                }
            }
            Err(ParseError::Http(why)) => {
                tell([format!("refused an HTTP event: {why}")]);
                response(&http::bad_request())
            }
            Err(ParseError::Unknown(why)) => Err(failed("UnknownEvent", why)),
        }
    }
}

fn response(response: &impl serde::Serialize) -> Result<Box<RawValue>, Diagnostic> {
    to_raw_value(response).map_err(|error| failed("NoResponse", error.to_string()))
}

fn failed(error_type: &str, why: String) -> Diagnostic {
    tell([why.clone()]);
    Diagnostic { error_type: error_type.to_owned(), error_message: why }
}
