//! `keys import`: imports keys of another system by their hashes, one, or many from a file.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use clap::Args;
use edge_auth_control::ImportKeyRequest;
use serde::Serialize;

use super::create::TermsArgs;
use super::report::KeyReport;
use crate::administration::Administration;
use crate::error::CommandError;
use crate::native::read_bounded;
use crate::output::{Output, Report, printable};

/// The largest file to import, in bytes.
const MAX_BYTES: u64 = 256 * 1024 * 1024;

#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// The key's hash, as the block's `imported` describes it: hexadecimal or base64
    #[arg(long, value_name = "HASH", required_unless_present = "file")]
    hash: Option<String>,
    /// A file of JSON lines: {"hash": "…", "block": "…", "scopes": ["…"], "expires": "90d", …}
    #[arg(long, value_name = "FILE", conflicts_with = "hash")]
    file: Option<PathBuf>,
    #[command(flatten)]
    terms: TermsArgs,
}

impl ImportArgs {
    /// Returns the required arguments that are missing. With a file, each of its lines has them.
    pub(super) fn missing(&self) -> Vec<&'static str> {
        if self.hash.is_some() { self.terms.missing() } else { Vec::new() }
    }
}

#[derive(Default, Serialize)]
struct ImportReport {
    imported: usize,
    /// The number of hashes that the store has already: importing a file twice changes nothing.
    known: usize,
    failed: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    line: usize,
    reason: String,
}

pub(super) async fn run(
    args: ImportArgs,
    admin: &Administration,
    output: Output,
) -> Result<(), CommandError> {
    match (args.hash, args.file) {
        (Some(hash), _) => {
            let request = ImportKeyRequest { hash, request: args.terms.request() };
            output.report(&KeyReport::of(admin.import_key(request).await?.key))
        }
        (None, Some(file)) => {
            let bytes = read_bounded(&file, MAX_BYTES).map_err(CommandError::Host)?;
            let text = String::from_utf8(bytes).map_err(|_| {
                CommandError::Usage(format!("{} is not UTF-8 text", file.display()))
            })?;
            let report = import_lines(&text, admin).await?;
            output.report(&report)?;
            if report.failed.is_empty() { Ok(()) } else { Err(CommandError::Reported) }
        }
        (None, None) => {
            Err(CommandError::Usage("give a hash (--hash HASH) or a file (--file FILE)".to_owned()))
        }
    }
}

/// Imports the lines of a file. Goes on after a line that cannot be imported, but not after an
/// error of the store or host, nor if the host refuses the administrator.
async fn import_lines(text: &str, admin: &Administration) -> Result<ImportReport, CommandError> {
    let mut report = ImportReport::default();
    let shows_progress = io::stderr().is_terminal();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        if shows_progress && index % 100 == 0 {
            eprint!("\r{index} lines");
        }
        let result = match serde_json::from_str::<ImportKeyRequest>(line) {
            Ok(request) => admin.import_key(request).await.map(drop),
            Err(error) => Err(CommandError::Usage(error.to_string())),
        };
        match result {
            Ok(()) => report.imported += 1,
            Err(CommandError::Refused { code, .. }) if code == "key_exists" => report.known += 1,
            Err(error @ (CommandError::Refused { .. } | CommandError::Usage(_))) => {
                report.failed.push(Line { line: index + 1, reason: error.to_string() });
            }
            Err(error) => return Err(error),
        }
    }
    if shows_progress {
        eprint!("\r");
    }
    Ok(report)
}

impl Report for ImportReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "{} imported, {} known already, {} refused",
            self.imported,
            self.known,
            self.failed.len()
        )?;
        for Line { line, reason } in &self.failed {
            writeln!(out, "line {line}: {}", printable(reason))?;
        }
        Ok(())
    }
}
