//! Foreign text, made safe for an error message.

use std::fmt;

/// A value of a token or a key set, shortened to 128 characters and escaped for a log line. For
/// public values only: never for a signature, secret or token.
#[derive(Clone, PartialEq, Eq)]
pub struct LogSafe(String);

const MAX_CHARS: usize = 128;

impl LogSafe {
    /// Shortens and escapes `value`.
    pub fn new(value: &str) -> Self {
        let mut escaped = value.escape_debug();
        let mut text: String = escaped.by_ref().take(MAX_CHARS).collect();
        if escaped.next().is_some() {
            text.push('…');
        }
        Self(text)
    }

    /// Joins several values with commas, within the same limit.
    pub(crate) fn list<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let mut text = String::new();
        for value in values {
            if !text.is_empty() {
                text.push_str(", ");
            }
            text.push_str(&Self::new(value).0);
            if text.chars().count() > MAX_CHARS {
                text = text.chars().take(MAX_CHARS).collect();
                text.push('…');
                break;
            }
        }
        Self(text)
    }

    /// Puts the value in quotation marks.
    pub(crate) fn quoted(self) -> Self {
        Self(format!("\"{}\"", self.0))
    }

    /// Returns the escaped text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LogSafe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for LogSafe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_could_forge_a_log_line_are_escaped() {
        let text = LogSafe::new("a\r\nINFO allowed \u{1b}[31m\u{202e}\"").to_string();
        assert!(text.chars().all(|c| (' '..='~').contains(&c)), "{text}");
    }

    #[test]
    fn long_values_are_cut() {
        assert_eq!(LogSafe::new(&"x".repeat(10_000)).as_str().chars().count(), 129);
        assert_eq!(LogSafe::new(&"\n".repeat(10_000)).as_str().chars().count(), 129);
        let many = vec!["abc"; 10_000];
        assert_eq!(LogSafe::list(many).as_str().chars().count(), 129);
    }

    #[test]
    fn short_values_stay() {
        assert_eq!(LogSafe::new("https://a.example/é").as_str(), "https://a.example/é");
        assert_eq!(LogSafe::list(["a", "b"]).as_str(), "a, b");
    }
}
