//! The results of a run of the suites.

use std::fmt;
use std::io::Write;

use super::Grade;
use super::check::{Check, Failure};

/// The result of every check, and every skipped grade. `Display` prints one line for each.
#[derive(Debug, Default)]
#[must_use = "an unread report proves nothing"]
pub struct Report {
    lines: Vec<Line>,
}

#[derive(Debug)]
enum Line {
    Skipped(Grade, &'static str),
    Passed(Grade, &'static str),
    Failed(Grade, &'static str, Failure),
}

impl Report {
    /// Returns whether no check failed. A skipped grade is not a failure.
    pub fn passed(&self) -> bool {
        self.failures().next().is_none()
    }

    /// Returns each failed check with its failure.
    pub fn failures(&self) -> impl Iterator<Item = (&'static str, &Failure)> {
        self.lines.iter().filter_map(|line| match line {
            Line::Failed(_, check, failure) => Some((*check, failure)),
            Line::Passed(..) | Line::Skipped(..) => None,
        })
    }

    /// Returns the skipped grades with their reasons.
    pub fn skipped(&self) -> impl Iterator<Item = (Grade, &'static str)> {
        self.lines.iter().filter_map(|line| match line {
            Line::Skipped(grade, reason) => Some((*grade, *reason)),
            Line::Passed(..) | Line::Failed(..) => None,
        })
    }

    /// Prints the skipped grades on standard error, even where the test runner captures output.
    ///
    /// # Panics
    /// If a check failed, with the whole report.
    pub fn must_pass(&self) {
        for (grade, reason) in self.skipped() {
            // `eprintln!` would be captured, which would hide a skipped grade.
            let _ = writeln!(std::io::stderr(), "{}", Line::Skipped(grade, reason));
        }
        assert!(self.passed(), "\n{self}");
    }

    pub(super) fn skip(&mut self, grade: Grade, reason: &'static str) {
        self.lines.push(Line::Skipped(grade, reason));
    }

    pub(super) fn record(&mut self, grade: Grade, check: &'static str, outcome: Check) {
        self.lines.push(match outcome {
            Ok(()) => Line::Passed(grade, check),
            Err(failure) => Line::Failed(grade, check, failure),
        });
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Skipped(grade, reason) => write!(f, "{grade}: skipped: {reason}"),
            Self::Passed(grade, check) => write!(f, "{grade}: {check}: passed"),
            Self::Failed(grade, check, failure) => {
                write!(f, "{grade}: {check}: FAILED: {failure}")
            }
        }
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Basic => "basic",
            Self::Atomic => "atomic",
            Self::Expiry => "expiry",
            Self::Feed => "feed",
        })
    }
}
