//! `edge-auth revocations …`: shows and maintains the log of revocations.

use std::io::{self, Write};

use anstyle::AnsiColor;
use clap::{Args, Subcommand};
use edge_auth_control::{RevocationPage, RevocationResponse};
use serde::Serialize;

use crate::administration::{Administration, AdministrationArgs};
use crate::error::CommandError;
use crate::output::{Output, Report, count, printable};

#[derive(Debug, Args)]
pub(crate) struct RevocationsArgs {
    #[command(flatten)]
    administration: AdministrationArgs,
    #[command(subcommand)]
    command: RevocationsCommand,
}

#[derive(Debug, Subcommand)]
enum RevocationsCommand {
    /// List entries, the newest first
    List {
        /// Only entries before this one
        #[arg(long, value_name = "ENTRY")]
        before: Option<u64>,
        /// The number of entries, 200 at most
        #[arg(long, value_name = "NUMBER", default_value_t = 50)]
        limit: usize,
    },
    /// Show one entry
    Show {
        /// Its number
        entry: u64,
    },
    /// Take back what an entry revokes
    Undo {
        /// Its number
        entry: u64,
        /// Why, for those who look at it later
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Make a snapshot with which instances start, sign entries with the current secret, and drop
    /// expired ones
    Compact,
}

/// Runs `edge-auth revocations …`.
pub(crate) async fn run(args: RevocationsArgs, output: Output) -> Result<(), CommandError> {
    let admin = Administration::open(args.administration, false, Vec::new()).await?;
    match args.command {
        RevocationsCommand::List { before, limit } => {
            output.report(&PageReport(admin.revocations(before, limit).await?))
        }
        RevocationsCommand::Show { entry } => {
            output.report(&EntryReport(admin.show_revocation(entry).await?))
        }
        RevocationsCommand::Undo { entry, reason } => {
            output.report(&EntryReport(admin.undo_revocation(entry, &reason).await?))
        }
        RevocationsCommand::Compact => {
            output.report(&CompactReport { held: admin.compact().await? })
        }
    }
}

/// One entry.
#[derive(Serialize)]
#[serde(transparent)]
pub(crate) struct EntryReport(pub(crate) RevocationResponse);

impl Report for EntryReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let entry = &self.0;
        let mut line = |name: &str, value: &str| writeln!(out, "{name:<10}{}", printable(value));
        line("entry", &entry.id.to_string())?;
        line(&printable(&entry.says), &entry.summary)?;
        line("by", &entry.by)?;
        line("because", &entry.reason)?;
        line("at", &entry.at)?;
        line("until", entry.until.as_deref().unwrap_or("for good"))?;
        match &entry.notice {
            Some(notice) => line("note", notice),
            None => Ok(()),
        }
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct PageReport(RevocationPage);

impl Report for PageReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let RevocationPage { revocations, untrusted, next } = &self.0;
        if revocations.is_empty() && untrusted.is_empty() {
            return writeln!(out, "No revocations yet. Add one with `edge-auth revoke`.");
        }
        let red = AnsiColor::Red.on_default();
        for RevocationResponse { id, says, summary, by, reason, at, .. } in revocations {
            let (summary, by, reason) = (printable(summary), printable(by), printable(reason));
            let (at, says) = (printable(at), printable(says));
            writeln!(out, "{id:>8}  {at}  {says:<13} {summary}  ({reason}; {by})")?;
        }
        for reason in untrusted {
            writeln!(out, "{red}NOT TRUSTED{red:#}: {}", printable(reason))?;
        }
        match next {
            Some(next) => writeln!(out, "More: --before {next}"),
            None => Ok(()),
        }
    }
}

#[derive(Serialize)]
struct CompactReport {
    held: usize,
}

impl Report for CompactReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "the snapshot holds {}", count(self.held, "revocation"))
    }
}
