//! `edge-auth keys …`: administers API keys, in a store or at a host. Servers that use the store see
//! every change within the policy's revocation bound.

mod change;
mod create;
mod import;
mod list;
mod report;
mod rewrap;

use clap::{Args, Subcommand};

use crate::administration::{Administration, AdministrationArgs};
use crate::error::CommandError;
use crate::output::Output;

#[derive(Debug, Args)]
pub(crate) struct KeysArgs {
    #[command(flatten)]
    administration: AdministrationArgs,
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Make a key; its text is shown once and not stored
    Create(create::CreateArgs),
    /// List the keys
    List(list::ListArgs),
    /// Show one key
    Show(change::IdArgs),
    /// Give a key a new secret; the old one stays good for a while
    Rotate(change::RotateArgs),
    /// Switch a key off until it is enabled again
    Disable(change::IdArgs),
    /// Switch a disabled key on again
    Enable(change::IdArgs),
    /// End a key for good
    Revoke(change::RevokeArgs),
    /// Import keys of another system by their hashes
    Import(import::ImportArgs),
    /// Wrap stored hashes under the current pepper, after the policy names a new one
    Wrap(rewrap::RewrapArgs),
}

/// Runs `edge-auth keys …`.
pub(crate) async fn run(args: KeysArgs, output: Output) -> Result<(), CommandError> {
    let creates = matches!(args.command, KeysCommand::Create(_) | KeysCommand::Import(_));
    let missing = match &args.command {
        KeysCommand::Create(create) => create.missing(),
        KeysCommand::Import(import) => import.missing(),
        KeysCommand::List(_)
        | KeysCommand::Show(_)
        | KeysCommand::Rotate(_)
        | KeysCommand::Disable(_)
        | KeysCommand::Enable(_)
        | KeysCommand::Revoke(_)
        | KeysCommand::Wrap(_) => Vec::new(),
    };
    let admin = Administration::open(args.administration, creates, missing).await?;
    match args.command {
        KeysCommand::Create(args) => create::run(args, &admin, output).await,
        KeysCommand::List(args) => list::run(args, &admin, output).await,
        KeysCommand::Show(args) => change::show(args, &admin, output).await,
        KeysCommand::Rotate(args) => change::rotate(args, &admin, output).await,
        KeysCommand::Disable(args) => change::disable(args, &admin, output).await,
        KeysCommand::Enable(args) => change::enable(args, &admin, output).await,
        KeysCommand::Revoke(args) => change::revoke(args, &admin, output).await,
        KeysCommand::Import(args) => import::run(args, &admin, output).await,
        KeysCommand::Wrap(args) => rewrap::run(args, &admin, output).await,
    }
}
