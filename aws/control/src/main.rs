//! The control plane as a Lambda function: it administers API keys and revocations over HTTP, and
//! maintains the table on a schedule. It is the only function that can write.
//!
//! | file | contents |
//! |---|---|
//! | `handler.rs` | the function: its gate, which admits administrators, and its store |
//! | `event.rs` | the two kinds of events |
//! | `http.rs` | requests and responses |
//! | `maintenance.rs` | what the schedule runs |

// The SDK's futures are nested deeply.
#![recursion_limit = "256"]

mod event;
mod handler;
mod http;
mod maintenance;

use std::process::ExitCode;

use handler::Handler;

fn main() -> ExitCode {
    edge_auth_lambda::run(Handler::start())
}
