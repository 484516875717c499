//! `edge-auth store init`: makes a store.

use std::io::{self, Write};

use clap::{Args, Subcommand};
use serde::Serialize;

use super::{SqliteStore, StoreUrl, named};
use crate::error::CommandError;
use crate::output::{Output, Report};

#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Make an empty store, unless it exists already. Under a policy with a `[revocation] secret`,
    /// only this command makes one: a lost store would otherwise come back with nothing revoked
    Init(InitArgs),
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The store, as in `sqlite:keys.db` or `dynamodb:edge-auth`
    #[arg(value_name = "STORE", env = "EDGE_AUTH_STORE", hide_env_values = true)]
    store: String,
}

#[derive(Serialize)]
struct InitReport {
    /// The file or the table.
    store: String,
    created: bool,
    /// Whether the TTL of the table was switched on; `None` for a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl_enabled: Option<bool>,
}

/// Runs `edge-auth store …`.
pub(crate) async fn run(command: StoreCommand, output: Output) -> Result<(), CommandError> {
    let StoreCommand::Init(InitArgs { store }) = command;
    let report = match named(&store)? {
        StoreUrl::Sqlite(path) => {
            let (_, created) = SqliteStore::open_or_make(&path)?;
            InitReport { store: path.display().to_string(), created, ttl_enabled: None }
        }
        #[cfg(feature = "dynamodb")]
        StoreUrl::DynamoDb(table) => {
            let done = super::dynamodb::init(table.clone()).await?;
            let (store, ttl_enabled) = (format!("DynamoDB table {table}"), Some(done.ttl_enabled));
            InitReport { store, created: done.created, ttl_enabled }
        }
    };
    output.report(&report)
}

impl Report for InitReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let made = if self.created { "made" } else { "exists already" };
        writeln!(out, "{}: {made}", self.store)?;
        match self.ttl_enabled {
            Some(true) => {
                writeln!(out, "DynamoDB removes expired records: TTL was switched on.")
            }
            Some(false) => writeln!(out, "DynamoDB removes expired records: TTL is on."),
            None => Ok(()),
        }
    }
}
