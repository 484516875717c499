//! `keys wrap`: re-wraps stored hashes after a pepper's rotation. The gate itself only reads.

use std::io::{self, Write};

use clap::Args;
use edge_auth_control::ListedKey;
use serde::Serialize;

use super::AdminContext;
use crate::error::CommandError;
use crate::native::now;
use crate::output::{Output, Report, printable};

#[derive(Debug, Args)]
pub(super) struct RewrapArgs {
    /// The keys' ids [default: all keys]
    ids: Vec<String>,
}

#[derive(Default, Serialize)]
struct RewrapReport {
    /// The number of keys that were wrapped now.
    wrapped: usize,
    /// The number of keys that were under the current pepper already.
    current: usize,
    /// The keys that could not be wrapped.
    failed: Vec<FailedKey>,
}

#[derive(Serialize)]
struct FailedKey {
    id: String,
    reason: String,
}

pub(super) async fn run(
    args: RewrapArgs,
    context: &AdminContext,
    output: Output,
) -> Result<(), CommandError> {
    let key_service = context.key_service()?;
    let ids = match args.ids.is_empty() {
        true => context.all(None).await?.into_iter().map(id).collect(),
        false => args.ids,
    };
    let mut report = RewrapReport::default();
    for id in ids {
        match key_service.rewrap(&id, now()).await {
            Ok(Some(_)) => report.wrapped += 1,
            Ok(None) => report.current += 1,
            Err(error) => report.failed.push(FailedKey { id, reason: error.to_string() }),
        }
    }
    output.report(&report)?;
    if report.failed.is_empty() { Ok(()) } else { Err(CommandError::Reported) }
}

fn id(listed: ListedKey) -> String {
    match listed {
        ListedKey::Key(key) => key.id().to_owned(),
        ListedKey::Untrusted { id, .. } => id,
    }
}

impl Report for RewrapReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "{} wrapped, {} under the current pepper already",
            self.wrapped, self.current
        )?;
        for FailedKey { id, reason } in &self.failed {
            writeln!(out, "not wrapped: {}: {}", printable(id), printable(reason))?;
        }
        Ok(())
    }
}
