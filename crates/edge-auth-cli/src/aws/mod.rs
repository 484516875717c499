//! `edge-auth aws …`: what surrounds the gate on AWS.

mod authorizer;
mod caching;
mod finding;
mod identity_sources;
mod integration;
mod inventory;
mod lint;
mod rules;
mod template;

use clap::Subcommand;

use crate::error::CommandError;
use crate::output::Output;

#[derive(Debug, Subcommand)]
pub(crate) enum AwsCommand {
    /// Hold a SAM, CloudFormation or OpenAPI file to the policy: what its authorizers keep, and for whom
    Lint(lint::LintArgs),
}

/// Runs `edge-auth aws …`.
pub(crate) fn run(command: AwsCommand, output: Output) -> Result<(), CommandError> {
    match command {
        AwsCommand::Lint(args) => lint::run(args, output),
    }
}
