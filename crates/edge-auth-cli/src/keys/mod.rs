//! `edge-auth keys …`: administers the API keys in a store. Servers that use the store see every
//! change within the policy's revocation bound.

mod change;
mod create;
mod import;
mod list;
mod report;
mod rewrap;

use clap::{Args, Subcommand};
use edge_auth_control::ListedKey;

use crate::admin_context::{AdminContext, AdminContextArgs};
use crate::error::CommandError;
use crate::native::now;
use crate::output::Output;

#[derive(Debug, Args)]
pub(crate) struct KeysArgs {
    #[command(flatten)]
    context: AdminContextArgs,
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

/// The number of records in one read.
const PAGE: usize = 200;

impl AdminContext {
    /// Returns all keys, or those of one block, in the order of their ids.
    async fn all(&self, block: Option<&str>) -> Result<Vec<ListedKey>, CommandError> {
        let key_service = self.key_service()?;
        let (mut all, mut after): (Vec<ListedKey>, Option<String>) = (Vec::new(), None);
        loop {
            let page = key_service.list(block, after.as_deref(), PAGE, now()).await?;
            all.extend(page.keys);
            after = match page.next {
                Some(next) => Some(next),
                None => return Ok(all),
            };
        }
    }

    /// Returns the block that is named, or else the only one.
    fn block(&self, named: Option<String>) -> Result<String, CommandError> {
        let mut blocks = self.policy.api_key_blocks();
        match (named, blocks.next(), blocks.next()) {
            (Some(name), ..) => Ok(name),
            (None, Some(only), None) => Ok(only.to_owned()),
            (None, None, _) => {
                Err(CommandError::Usage("the policy has no `[[api_key]]` block".to_owned()))
            }
            (None, Some(_), Some(_)) => {
                let names: Vec<&str> = self.policy.api_key_blocks().collect();
                Err(CommandError::Usage(format!(
                    "the policy has several `[[api_key]]` blocks, choose one: --block {}",
                    names.join(" | ")
                )))
            }
        }
    }
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
    let context = AdminContext::open(args.context, creates, missing).await?;
    match args.command {
        KeysCommand::Create(args) => create::run(args, &context, output).await,
        KeysCommand::List(args) => list::run(args, &context, output).await,
        KeysCommand::Show(args) => change::show(args, &context, output).await,
        KeysCommand::Rotate(args) => change::rotate(args, &context, output).await,
        KeysCommand::Disable(args) => change::disable(args, &context, output).await,
        KeysCommand::Enable(args) => change::enable(args, &context, output).await,
        KeysCommand::Revoke(args) => change::revoke(args, &context, output).await,
        KeysCommand::Import(args) => import::run(args, &context, output).await,
        KeysCommand::Wrap(args) => rewrap::run(args, &context, output).await,
    }
}
