//! The one way to the standard output stream: for people, or as JSON for scripts.

use std::io::{self, Write};
use std::process;

use serde::Serialize;

use crate::failure::Failure;

/// Something that a command has to say.
pub(crate) trait Report: Serialize {
    /// Says it to people. Colours are taken out where there is no terminal.
    fn human(&self, out: &mut dyn Write) -> io::Result<()>;
}

/// Where reports go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    /// For people, or as JSON: one document a report.
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether reports are JSON.
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Writes a report.
    pub(crate) fn report(self, report: &impl Report) -> Result<(), Failure> {
        let mut out = anstream::stdout().lock();
        let written = if self.json {
            serde_json::to_writer_pretty(&mut out, report)
                .map_err(io::Error::from)
                .and_then(|()| writeln!(out))
        } else {
            report.human(&mut out)
        };
        written.and_then(|()| out.flush()).or_else(unless_nobody_reads)
    }
}

/// A reader that has had enough (`| head`) is no failure.
fn unless_nobody_reads(error: io::Error) -> Result<(), Failure> {
    match error.kind() {
        io::ErrorKind::BrokenPipe => process::exit(0),
        _ => Err(Failure::trouble(format!("the output cannot be written: {error}"))),
    }
}

/// `1 rule`, `2 rules`.
pub(crate) fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}
