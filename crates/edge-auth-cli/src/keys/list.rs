//! `keys list`.

use std::io::{self, Write};

use clap::Args;
use edge_auth::admin::{KeyView, Listed};
use serde::Serialize;

use super::Desk;
use super::report::{scopes, state_style};
use crate::failure::Failure;
use crate::host::now;
use crate::output::{Output, Report, printable};

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only the keys of this `[[api_key]]` block
    #[arg(long, value_name = "NAME")]
    block: Option<String>,
}

#[derive(Serialize)]
struct ListReport {
    keys: Vec<KeyView>,
    /// Records that cannot be trusted or read.
    untrusted: Vec<Untrusted>,
}

#[derive(Serialize)]
struct Untrusted {
    id: String,
    reason: String,
}

pub(super) async fn run(args: ListArgs, desk: &Desk, output: Output) -> Result<(), Failure> {
    let now = now();
    let mut report = ListReport { keys: Vec::new(), untrusted: Vec::new() };
    for listed in desk.all(args.block.as_deref()).await? {
        match listed {
            Listed::Key(key) => report.keys.push(KeyView::new(&key, now)),
            Listed::Untrusted { id, reason } => report.untrusted.push(Untrusted { id, reason }),
        }
    }
    output.report(&report)
}

impl Report for ListReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.keys.is_empty() && self.untrusted.is_empty() {
            return writeln!(out, "There are no keys. Make one with `edge-auth keys create`.");
        }
        writeln!(out, "{:<20}{:<14}{:<10}{:<26}{:<20}SCOPES", "ID", "BLOCK", "STATE", "EXPIRES", "LABEL")?;
        for key in &self.keys {
            let style = state_style(key.state);
            let (id, block, state) = (&key.id, &key.block, key.state);
            let expires = key.expires_at.as_deref().unwrap_or("never");
            let label = printable(key.label.as_deref().unwrap_or("-"));
            let scopes = scopes(key);
            writeln!(out, "{id:<20}{block:<14}{style}{state:<10}{style:#}{expires:<26}{label:<20}{scopes}")?;
        }
        for Untrusted { id, reason } in &self.untrusted {
            writeln!(out, "{:<20}NOT TRUSTED: {}", printable(id), printable(reason))?;
        }
        Ok(())
    }
}
