//! The `edge-auth` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    edge_auth_cli::main()
}
