//! `keys list`.

use std::io::{self, Write};

use clap::Args;
use edge_auth_control::KeyResponse;
use edge_auth_control::bodies::{KeyEntry, UntrustedRecord};
use serde::Serialize;

use super::report::{scopes, state_style};
use crate::administration::Administration;
use crate::error::CommandError;
use crate::output::{Output, Report, printable};

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only the keys of this `[[api_key]]` block
    #[arg(long, value_name = "NAME")]
    block: Option<String>,
}

#[derive(Serialize)]
struct ListReport {
    keys: Vec<KeyResponse>,
    /// Records that cannot be trusted or read.
    untrusted: Vec<Untrusted>,
}

#[derive(Serialize)]
struct Untrusted {
    id: String,
    reason: String,
}

pub(super) async fn run(
    args: ListArgs,
    admin: &Administration,
    output: Output,
) -> Result<(), CommandError> {
    let mut report = ListReport { keys: Vec::new(), untrusted: Vec::new() };
    for entry in admin.keys(args.block.as_deref()).await? {
        match entry {
            KeyEntry::Key(key) => report.keys.push(*key),
            KeyEntry::Untrusted(UntrustedRecord { id, untrusted: reason }) => {
                report.untrusted.push(Untrusted { id, reason });
            }
        }
    }
    output.report(&report)
}

/// Returns the cells of a key's row. The column of tenants is left out where no key has one.
fn row(key: &KeyResponse, with_tenants: bool) -> Vec<String> {
    let mut row = vec![
        printable(&key.id),
        printable(&key.block),
        printable(&key.state),
        printable(key.expires_at.as_deref().unwrap_or("never")),
        printable(key.label.as_deref().unwrap_or("-")),
    ];
    if with_tenants {
        row.push(printable(key.tenant.as_deref().unwrap_or("-")));
    }
    row.push(scopes(key));
    row
}

impl Report for ListReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.keys.is_empty() && self.untrusted.is_empty() {
            return writeln!(out, "No keys yet. Make one with `edge-auth keys create`.");
        }
        let with_tenants = self.keys.iter().any(|key| key.tenant.is_some());
        let rows: Vec<_> = self.keys.iter().map(|key| row(key, with_tenants)).collect();
        let mut head = vec!["ID", "BLOCK", "STATE", "EXPIRES", "LABEL"];
        if with_tenants {
            head.push("TENANT");
        }
        head.push("SCOPES");
        let width = |column: usize, name: &str| {
            let cells =
                rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
            cells.chain([name.len()]).max().unwrap_or_default()
        };
        let widths: Vec<usize> =
            head.iter().enumerate().map(|(column, name)| width(column, name)).collect();
        let line = |cells: &[String]| {
            let cells = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        let names: Vec<String> = head.iter().map(ToString::to_string).collect();
        writeln!(out, "{}", line(&names))?;
        for (key, row) in self.keys.iter().zip(&rows) {
            let style = state_style(&key.state);
            writeln!(out, "{style}{}{style:#}", line(row))?;
        }
        for Untrusted { id, reason } in &self.untrusted {
            writeln!(out, "{}  NOT TRUSTED: {}", printable(id), printable(reason))?;
        }
        Ok(())
    }
}
