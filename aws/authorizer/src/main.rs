//! The authorizer: a gate as a Lambda function. It decides, and can change neither keys nor
//! revocations: it has no code and no permission to write.
//!
//! | file | contents |
//! |---|---|
//! | `handler.rs` | passes an event to its endpoint |
//! | `event.rs` | the kinds of events, and their members |
//! | `authorizer.rs` | passes authorizers' events to the gate |
//! | `http.rs` | HTTP events and their responses |
//! | `request_context.rs` | the caller: address, fields, certificate |

// The SDK's futures are nested deeply.
#![recursion_limit = "256"]

mod authorizer;
mod event;
mod handler;
mod http;
mod request_context;

use std::process::ExitCode;

use handler::Handler;

fn main() -> ExitCode {
    edge_auth_lambda::run(async { Ok(Handler::new(edge_auth_lambda::start_gate().await?)) })
}
