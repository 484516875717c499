//! `edge-auth aws …`: checks of the AWS configuration around the gate.

mod authorizer;
mod caching;
mod credential_sources;
mod external;
mod finding;
mod foreign;
mod identity_sources;
mod integration;
mod inventory;
mod lint;
mod preflight;
mod resolve;
mod rules;
mod template;
mod yaml;

use clap::Subcommand;

use crate::error::CommandError;
use crate::output::Output;

#[derive(Debug, Subcommand)]
pub(crate) enum AwsCommand {
    /// Compare a SAM, CloudFormation or OpenAPI file with the policy: its authorizers, caching and
    /// identity headers
    Lint(lint::LintArgs),
}

/// Runs `edge-auth aws …`.
pub(crate) fn run(command: AwsCommand, output: Output) -> Result<(), CommandError> {
    match command {
        AwsCommand::Lint(args) => lint::run(args, output),
    }
}
