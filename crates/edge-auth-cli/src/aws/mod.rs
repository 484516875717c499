//! `edge-auth aws …`: what surrounds the gate on AWS.

mod authorizer;
mod check;
mod finding;
mod found;
mod kept;
mod lint;
mod sources;
mod template;

use clap::Subcommand;

use crate::failure::Failure;
use crate::output::Output;

#[derive(Debug, Subcommand)]
pub(crate) enum AwsCommand {
    /// Hold a SAM, CloudFormation or OpenAPI file to the policy: what its authorizers keep, and for whom
    Lint(lint::LintArgs),
}

/// Runs `edge-auth aws …`.
pub(crate) fn run(command: AwsCommand, output: Output) -> Result<(), Failure> {
    match command {
        AwsCommand::Lint(args) => lint::run(args, output),
    }
}
