//! `keys wrap`: the offline half of a pepper's rotation. The gate only reads.

use std::io::{self, Write};

use clap::Args;
use edge_auth::admin::Listed;
use serde::Serialize;

use super::Desk;
use crate::failure::Failure;
use crate::host::now;
use crate::output::{Output, Report, printable};

/// How many records are read at a time.
const PAGE: usize = 200;

#[derive(Debug, Args)]
pub(super) struct WrapArgs {
    /// The keys' ids [default: all keys]
    ids: Vec<String>,
}

#[derive(Default, Serialize)]
struct WrapReport {
    /// How many keys were wrapped now.
    wrapped: usize,
    /// How many are under the current pepper already.
    current: usize,
    /// How many could not be.
    failed: Vec<Trouble>,
}

#[derive(Serialize)]
struct Trouble {
    id: String,
    reason: String,
}

pub(super) async fn run(args: WrapArgs, desk: &Desk, output: Output) -> Result<(), Failure> {
    let registry = desk.registry()?;
    let ids = if args.ids.is_empty() { all(desk).await? } else { args.ids };
    let mut report = WrapReport::default();
    for id in ids {
        match registry.wrap(&id, now()).await {
            Ok(Some(_)) => report.wrapped += 1,
            Ok(None) => report.current += 1,
            Err(error) => report.failed.push(Trouble { id, reason: error.to_string() }),
        }
    }
    output.report(&report)?;
    if report.failed.is_empty() { Ok(()) } else { Err(Failure::Reported) }
}

async fn all(desk: &Desk) -> Result<Vec<String>, Failure> {
    let registry = desk.registry()?;
    let (mut ids, mut after): (Vec<String>, Option<String>) = (Vec::new(), None);
    loop {
        let page = registry.list(None, after.as_deref(), PAGE, now()).await?;
        ids.extend(page.keys.into_iter().map(|listed| match listed {
            Listed::Key(key) => key.id().to_owned(),
            Listed::Untrusted { id, .. } => id,
        }));
        after = match page.next {
            Some(next) => Some(next),
            None => return Ok(ids),
        };
    }
}

impl Report for WrapReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{} wrapped, {} under the current pepper already", self.wrapped, self.current)?;
        for Trouble { id, reason } in &self.failed {
            writeln!(out, "not wrapped: {}: {}", printable(id), printable(reason))?;
        }
        Ok(())
    }
}
