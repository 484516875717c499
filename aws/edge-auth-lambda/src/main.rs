//! edge-auth as a Lambda function: one binary that answers every kind of event.
//!
//! | file | what it is |
//! |---|---|
//! | `main.rs` | the start: policy, store, the gate, the runtime |
//! | `handler.rs` | one event to its endpoint, and what is written down of it |
//! | `event.rs` | which kind of event it is, and what of it is read |
//! | `authorizer.rs` | authorizers' events, as the gate takes them |
//! | `http.rs` | plain HTTP events, as the gate takes them, and replies |
//! | `request_context.rs` | who asks: address, fields, certificate |
//! | `deadline.rs` | how long a decision may take |
//! | `platform.rs` | the store and the fetcher of key sets |

// The SDK's futures are deep.
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

/// Names the policy's file; one beside the program, if it is no absolute path.
const POLICY: &str = "EDGE_AUTH_POLICY";
/// How long the start may wait for the store: Lambda gives it ten seconds.
const START: Duration = Duration::from_secs(8);
/// Where the deployed files are.
const ROOT: &str = "LAMBDA_TASK_ROOT";

fn main() -> ExitCode {
    // One event at a time: more threads would only have to be started.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let served = runtime.map_err(|error| error.to_string()).and_then(|runtime| {
        runtime.block_on(async {
            let function = start().await?;
            let answer = |event: LambdaEvent<Box<RawValue>>| function.answer(event.payload);
            lambda_runtime::run(service_fn(answer)).await.map_err(|error| error.to_string())
        })
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            // Lambda writes it into the log of the function, whose start has failed.
            let _ = writeln!(std::io::stderr(), "edge-auth does not start: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Reads the policy, and stands ready to answer. A policy with mistakes answers nobody.
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
        // A large snapshot takes longer than an event has. What is not read by then is read with
        // events.
        let read = gate.run_deferred(DeferredTask::RefreshRevocations, edge_auth_native::now());
        notices.extend(tokio::time::timeout(START, read).await.unwrap_or_default());
    }
    handler::tell(notices);
    Ok(Handler::new(gate))
}
