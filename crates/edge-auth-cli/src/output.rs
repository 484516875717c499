//! The output of commands on the standard output stream: text for people, or JSON for scripts.

use std::io::{self, Write};

use serde::Serialize;

use crate::error::CommandError;

/// The result of a command.
pub(crate) trait Report: Serialize {
    /// Writes the result for people. Colours are removed unless a terminal shows it.
    fn human(&self, out: &mut dyn Write) -> io::Result<()>;
}

/// Writes reports in the form that the user asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    /// Writes text, or one JSON document for each report.
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Returns whether reports are JSON.
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Writes a report. A reader that closes the stream early (`| head`) is not an error.
    pub(crate) fn report(self, report: &impl Report) -> Result<(), CommandError> {
        match self.write(report) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(unwritten(&error)),
            _ => Ok(()),
        }
    }

    /// Writes a report whose content exists nowhere else, such as a new key. `lost` is the message
    /// for the user if it cannot be written.
    pub(crate) fn deliver(self, report: &impl Report, lost: &str) -> Result<(), CommandError> {
        self.write(report).map_err(|error| CommandError::host(format!("{lost} ({error})")))
    }

    fn write(self, report: &impl Report) -> io::Result<()> {
        let mut out = anstream::stdout().lock();
        if self.json {
            writeln!(out, "{}", escaped(&serde_json::to_string_pretty(report)?))?;
        } else {
            report.human(&mut out)?;
        }
        out.flush()
    }
}

fn unwritten(error: &io::Error) -> CommandError {
    CommandError::host(format!("the output cannot be written: {error}"))
}

/// Returns a number with its noun: `1 rule`, `2 rules`.
pub(crate) fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// Makes foreign text harmless for a terminal, on one line: it cannot move the cursor, start an
/// escape sequence or change the direction of writing.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|char| if is_control(char) { char::REPLACEMENT_CHARACTER } else { char })
        .collect()
}

/// Makes foreign text harmless as [`printable`] does, and keeps its lines.
pub(crate) fn printable_lines(text: &str) -> String {
    text.split('\n').map(printable).collect::<Vec<_>>().join("\n")
}

/// Escapes in JSON what a terminal would obey. It is in texts only, where `\u` stands for it.
pub(crate) fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for char in json.chars() {
        match char {
            '\n' => text.push(char),
            char if is_control(char) => text.push_str(&format!("\\u{:04x}", u32::from(char))),
            char => text.push(char),
        }
    }
    text
}

/// Returns whether this is C0, DEL, C1, or one of Unicode's direction marks and overrides.
fn is_control(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_cannot_control_a_terminal_and_means_the_same() {
        let value =
            serde_json::json!({ "a": "\u{1b}[2J\u{9b}2J\u{7f}\u{202e}b\n", "c": ["\u{2066}"] });
        let text = escaped(&serde_json::to_string_pretty(&value).unwrap());
        assert!(!text.chars().any(|char| char != '\n' && is_control(char)), "{text:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }

    #[test]
    fn printable_text_cannot_control_a_terminal() {
        let text = printable("a\u{1b}]0;x\u{7}\n\u{9b}2J\u{7f}\u{202e}b");
        assert!(!text.chars().any(is_control), "{text:?}");
        assert!(text.starts_with('a') && text.ends_with('b'));
        assert_eq!(printable_lines("a\nb\u{1b}"), "a\nb\u{fffd}");
        assert_eq!(printable("jörg müller"), "jörg müller");
    }
}
