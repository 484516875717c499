//! `keys wrap`: re-wraps stored hashes after a pepper's rotation. The gate itself only reads.

use std::io::{self, Write};

use clap::Args;
use edge_auth_control::bodies::KeyEntry;
use serde::Serialize;

use crate::administration::Administration;
use crate::error::CommandError;
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
    admin: &Administration,
    output: Output,
) -> Result<(), CommandError> {
    let ids = match args.ids.is_empty() {
        true => admin.keys(None).await?.into_iter().map(id).collect(),
        false => args.ids,
    };
    let mut report = RewrapReport::default();
    for id in ids {
        match admin.wrap_key(&id).await {
            Ok(body) if body.wrapped => report.wrapped += 1,
            Ok(_) => report.current += 1,
            Err(error @ CommandError::Denied { .. }) => return Err(error),
            Err(error) => report.failed.push(FailedKey { id, reason: error.to_string() }),
        }
    }
    output.report(&report)?;
    if report.failed.is_empty() { Ok(()) } else { Err(CommandError::Reported) }
}

fn id(entry: KeyEntry) -> String {
    match entry {
        KeyEntry::Key(key) => key.id,
        KeyEntry::Untrusted(record) => record.id,
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
