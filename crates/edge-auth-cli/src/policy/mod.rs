//! `edge-auth policy …`: check a policy, compile it, ask it about a request, run its cases, print its
//! schema.

mod administration;
mod build;
mod cases;
mod check;
mod explain;
mod revocation;
mod schema;
mod test;

use clap::Subcommand;

use crate::error::CommandError;
use crate::output::Output;

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Check a policy, and show its weaknesses, its requirements and the speed of its revocations
    Check(check::CheckArgs),
    /// Compile a policy for the hosts: a mistake fails here, with its file, line and field
    Build(build::BuildArgs),
    /// Explain what a policy decides about one request, and why
    Explain(explain::ExplainArgs),
    /// Run a file of cases against a policy, with issuers and keys made for the run
    Test(test::TestArgs),
    /// Print the JSON Schema of policies, for editors
    Schema,
}

/// Runs `edge-auth policy …`.
pub(crate) async fn run(command: PolicyCommand, output: Output) -> Result<(), CommandError> {
    match command {
        PolicyCommand::Check(args) => check::run(args, output),
        PolicyCommand::Build(args) => build::run(args, output),
        PolicyCommand::Explain(args) => explain::run(args, output).await,
        PolicyCommand::Test(args) => test::run(args, output).await,
        PolicyCommand::Schema => schema::run(output),
    }
}
