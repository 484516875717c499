//! A Lambda Runtime API for one function that is a local process.

use std::io;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

use super::message::Response;
use super::server::Server;
use crate::scenario::SeenRequest;

/// The time after which a function that does not answer has failed.
const PATIENCE: Duration = Duration::from_secs(30);
const VERSION: &str = "/2018-06-01/runtime";

/// The outcome of an event: the function's answer, or its error (`errorType`, `errorMessage`).
pub type Invoked = Result<Vec<u8>, Value>;

/// The API. The function asks for one event at a time, and gets those of [`Self::invoke`].
pub struct RuntimeApi {
    server: Server,
    asked: Arc<AtomicBool>,
    events: Sender<Vec<u8>>,
    answers: Receiver<Invoked>,
}

impl RuntimeApi {
    /// Starts listening.
    pub fn start() -> io::Result<Self> {
        let (events, waiting) = channel::<Vec<u8>>();
        let (answer, answers) = channel();
        let (waiting, answer) = (Mutex::new(waiting), Mutex::new(answer));
        let asked = Arc::new(AtomicBool::new(false));
        let first = Arc::clone(&asked);
        let server = Server::start(move |request| {
            if next(&request, &first) {
                return match waiting.lock().unwrap_or_else(PoisonError::into_inner).recv() {
                    Ok(event) => invocation(event),
                    // The API is shutting down.
                    Err(_) => Response { status: 500, ..Response::default() },
                };
            }
            if let Some(answered) = answered(request) {
                // The caller may have given up.
                let _ = answer.lock().unwrap_or_else(PoisonError::into_inner).send(answered);
            }
            Response { status: 202, ..Response::default() }
        })?;
        Ok(Self { server, asked, events, answers })
    }

    /// Sets the environment variables of a function's process.
    pub fn environ(&self, function: &mut Command) {
        function
            .env("AWS_LAMBDA_RUNTIME_API", self.server.address().to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "edge-auth")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128");
    }

    /// Returns whether the function has asked for an event.
    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Acquire)
    }

    /// Hands an event to the function and waits for the outcome.
    ///
    /// # Errors
    /// The function does not answer.
    pub fn invoke(&self, event: Vec<u8>) -> Result<Invoked, String> {
        self.answers.try_iter().for_each(drop);
        self.events.send(event).map_err(|error| error.to_string())?;
        self.answers.recv_timeout(PATIENCE).map_err(|_| "the function does not answer".to_owned())
    }
}

fn next(request: &SeenRequest, asked: &AtomicBool) -> bool {
    let next = request.target == format!("{VERSION}/invocation/next");
    asked.fetch_or(next, Ordering::AcqRel);
    next
}

fn invocation(event: Vec<u8>) -> Response {
    let fields = [
        ("Content-Type", "application/json"),
        ("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
        // A deadline far away, in the year 2100.
        ("Lambda-Runtime-Deadline-Ms", "4102444800000"),
        (
            "Lambda-Runtime-Invoked-Function-Arn",
            "arn:aws:lambda:eu-west-1:123456789012:function:edge-auth",
        ),
        ("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0"),
    ];
    let headers = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    Response { status: 200, headers, body: event }
}

fn answered(request: SeenRequest) -> Option<Invoked> {
    let end = request.target.rsplit('/').next()?;
    match end {
        "response" => Some(Ok(request.body)),
        "error" => Some(Err(serde_json::from_slice(&request.body).unwrap_or_default())),
        _ => None,
    }
}
