//! The one way to the standard output stream: for people, or as JSON for scripts.

use std::io::{self, Write};

use serde::Serialize;

use crate::error::CommandError;

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

    /// Writes a report. A reader that has had enough (`| head`) is no failure.
    pub(crate) fn report(self, report: &impl Report) -> Result<(), CommandError> {
        match self.write(report) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(unwritten(&error)),
            _ => Ok(()),
        }
    }

    /// Writes a report that must arrive: what is in it exists nowhere else. `lost` says what to do
    /// if it did not.
    pub(crate) fn deliver(self, report: &impl Report, lost: &str) -> Result<(), CommandError> {
        self.write(report).map_err(|error| CommandError::host(format!("{lost} ({error})")))
    }

    fn write(self, report: &impl Report) -> io::Result<()> {
        let mut out = anstream::stdout().lock();
        if self.json {
            serde_json::to_writer_pretty(&mut out, report)?;
            writeln!(out)?;
        } else {
            report.human(&mut out)?;
        }
        out.flush()
    }
}

fn unwritten(error: &io::Error) -> CommandError {
    CommandError::host(format!("the output cannot be written: {error}"))
}

/// `1 rule`, `2 rules`.
pub(crate) fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// Text of others on one line, made harmless for a terminal: nothing in it moves the cursor,
/// starts an escape sequence or turns the direction of writing.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|char| if is_control(char) { char::REPLACEMENT_CHARACTER } else { char })
        .collect()
}

/// As [`printable`], but lines stay lines.
pub(crate) fn printable_lines(text: &str) -> String {
    text.split('\n').map(printable).collect::<Vec<_>>().join("\n")
}

/// C0, DEL, C1, and Unicode's marks and overrides of direction.
fn is_control(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_printable_text_commands_a_terminal() {
        let text = printable("a\u{1b}]0;x\u{7}\n\u{9b}2J\u{7f}\u{202e}b");
        assert!(!text.chars().any(is_control), "{text:?}");
        assert!(text.starts_with('a') && text.ends_with('b'));
        assert_eq!(printable_lines("a\nb\u{1b}"), "a\nb\u{fffd}");
        assert_eq!(printable("jörg müller"), "jörg müller");
    }
}
