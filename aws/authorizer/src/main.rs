//! edge-auth as a Lambda function: one binary that answers every kind of event.
//!
//! | file | contents |
//! |---|---|
//! | `main.rs` | the start: policy, store, the gate, the runtime |
//! | `handler.rs` | passes an event to its endpoint, and writes the audit log |
//! | `event.rs` | the kinds of events, and their members |
//! | `authorizer.rs` | passes authorizers' events to the gate |
//! | `http.rs` | HTTP events and their responses |
//! | `request_context.rs` | the caller: address, fields, certificate |
//! | `deadline.rs` | the deadlines of a decision and of its calls |
//! | `platform.rs` | the store and the fetcher of key sets |

// The SDK's futures are nested deeply.
#![recursion_limit = "256"]

mod authorizer;
mod deadline;
mod event;
mod handler;
mod http;
mod platform;
mod request_context;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use edge_auth::{DeferredTask, Gate, PolicyErrors};
use edge_auth_native::{PolicyFile, PolicyFileError, SystemRandomness};
use edge_auth_token::AwsLcRs;
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::value::RawValue;

use handler::Handler;
use platform::LambdaPlatform;

/// The variable with the policy's file. A relative path starts at the deployed files.
const POLICY: &str = "EDGE_AUTH_POLICY";
/// How long the start may wait for the store, of the ten seconds that Lambda allows.
const START: Duration = Duration::from_secs(8);
/// The variable with the folder of the deployed files.
const ROOT: &str = "LAMBDA_TASK_ROOT";

fn main() -> ExitCode {
    // A function answers one event at a time. More threads would only delay the start.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let served = runtime.map_err(|error| error.to_string()).and_then(|runtime| {
        runtime.block_on(async {
            let function = start().await?;
            let service =
                service_fn(|event: LambdaEvent<Box<RawValue>>| function.answer(event.payload));
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

/// Reads the policy, and makes the handler. A policy with mistakes fails the start.
async fn start() -> Result<Handler, String> {
    let root = std::env::var_os(ROOT).map(PathBuf::from).unwrap_or_default();
    let file = PolicyFile::at(
        &root.join(std::env::var_os(POLICY).unwrap_or_else(|| "policy.toml".into())),
    );
    let policy = file.read().map_err(|error: PolicyFileError| error.to_string())?;
    let platform = LambdaPlatform::from_environment()?;
    let mut notices = policy.weaknesses();
    notices.extend(policy.check_host(&platform.capabilities())?);
    let secret_provider = file.secret_provider();
    let gate = Gate::new(policy, &secret_provider, Box::new(AwsLcRs), platform, &SystemRandomness);
    let (gate, more) = gate.map_err(|errors: PolicyErrors| errors.to_string())?;
    notices.extend(more);
    if gate.policy().has_revocation_feed() {
        // A large snapshot takes longer to read than an event may take. Events read the rest.
        let read = gate.run_deferred(DeferredTask::RefreshRevocations, edge_auth_native::now());
        notices.extend(tokio::time::timeout(START, read).await.unwrap_or_default());
    }
    handler::tell(notices);
    Ok(Handler::new(gate))
}
