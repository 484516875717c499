//! Runs a function: its start, and then one event after the other.

use std::io::Write;
use std::process::ExitCode;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::Serialize;
use serde_json::value::RawValue;

/// Answers events.
pub trait EventHandler {
    /// The response, as Lambda hands it to whoever sent the event.
    type Response: Serialize;

    /// Answers one event.
    fn answer(
        &self,
        event: Box<RawValue>,
    ) -> impl Future<Output = Result<Self::Response, Diagnostic>>;
}

/// Runs the function that `start` makes. If the start fails, the function's log has the reason.
pub fn run<H: EventHandler>(start: impl Future<Output = Result<H, String>>) -> ExitCode {
    // A function answers one event at a time. More threads would only delay the start.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let served = runtime.map_err(|error| error.to_string()).and_then(|runtime| {
        runtime.block_on(async {
            let handler = start.await?;
            let service =
                service_fn(|event: LambdaEvent<Box<RawValue>>| handler.answer(event.payload));
            lambda_runtime::run(service).await.map_err(|error| error.to_string())
        })
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            // Lambda copies it into the function's log.
            let _ = writeln!(std::io::stderr(), "edge-auth does not start: {why}");
            ExitCode::FAILURE
        }
    }
}
