//! What the authorizer and the control function share.
//!
//! | file | contents |
//! |---|---|
//! | `run.rs` | a program: its start, and the loop that answers events |
//! | `start.rs` | policy, secrets and the gate |
//! | `platform.rs` | the gate's platform: a table that it can only read, and the fetcher of key sets |
//! | `host.rs` | the host of one event: audit log, notices, deferred tasks |
//! | `path.rs` | paths that the platform has decoded |
//! | `deadline.rs` | the deadlines of a decision and of its calls |

// The SDK's futures are nested deeply.
#![recursion_limit = "256"]

mod deadline;
mod host;
mod path;
mod platform;
mod run;
mod start;

pub use deadline::in_time;
pub use host::{LambdaHost, tell};
pub use path::undecoded;
pub use platform::{LambdaPlatform, table};
pub use run::{EventHandler, run};
pub use start::start_gate;
