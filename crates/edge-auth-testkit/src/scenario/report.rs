//! The results of a run of scenarios.

use std::fmt;
use std::io::Write;

/// One line for each case. `Display` prints all of them.
#[derive(Debug, Default)]
#[must_use = "an unread report proves nothing"]
pub struct Report {
    lines: Vec<Line>,
    files: usize,
}

#[derive(Debug)]
struct Line {
    /// The file and the case's name.
    case: String,
    outcome: Outcome,
}

#[derive(Debug)]
enum Outcome {
    Passed,
    Skipped(String),
    Failed { asked: String, mismatches: Vec<String> },
}

impl Report {
    /// Returns whether no case failed. A skipped case is not a failure.
    pub fn passed(&self) -> bool {
        self.lines.iter().all(|line| !matches!(line.outcome, Outcome::Failed { .. }))
    }

    /// Returns `N cases in M files: passed`, and the number of skipped cases.
    pub fn summary(&self) -> String {
        let (mut ran, mut skipped, mut failed) = (0, 0, 0);
        for line in &self.lines {
            match line.outcome {
                Outcome::Passed => ran += 1,
                Outcome::Skipped(_) => skipped += 1,
                Outcome::Failed { .. } => {
                    ran += 1;
                    failed += 1;
                }
            }
        }
        let verdict = if failed == 0 { "passed".to_owned() } else { format!("{failed} FAILED") };
        let skipped = if skipped == 0 { String::new() } else { format!(", {skipped} skipped") };
        format!("{ran} cases in {} files: {verdict}{skipped}", self.files)
    }

    /// Prints the skipped cases and the summary on standard error, even where the test runner
    /// captures output.
    ///
    /// # Panics
    /// If a case failed, with all failures, or if no case ran.
    pub fn must_pass(&self) {
        let mut stderr = std::io::stderr();
        for line in self.lines.iter().filter(|line| matches!(line.outcome, Outcome::Skipped(_))) {
            let _ = writeln!(stderr, "{line}");
        }
        let _ = writeln!(stderr, "{}", self.summary());
        let failed: Vec<String> = self
            .lines
            .iter()
            .filter(|line| matches!(line.outcome, Outcome::Failed { .. }))
            .map(ToString::to_string)
            .collect();
        assert!(failed.is_empty(), "\n{}\n{}", failed.join("\n"), self.summary());
        let ran = self.lines.iter().any(|line| matches!(line.outcome, Outcome::Passed));
        assert!(ran, "no case ran");
    }

    /// Adds another report's lines.
    pub fn add(&mut self, other: Self) {
        self.lines.extend(other.lines);
        self.files += other.files;
    }

    pub(super) fn of_file() -> Self {
        Self { files: 1, ..Self::default() }
    }

    pub(super) fn skip(&mut self, case: String, reason: String) {
        self.lines.push(Line { case, outcome: Outcome::Skipped(reason) });
    }

    pub(super) fn record(&mut self, case: String, asked: String, mismatches: Vec<String>) {
        let outcome = if mismatches.is_empty() {
            Outcome::Passed
        } else {
            Outcome::Failed { asked, mismatches }
        };
        self.lines.push(Line { case, outcome });
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))?;
        f.write_str(&self.summary())
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            Outcome::Passed => write!(f, "{}: passed", self.case),
            Outcome::Skipped(reason) => write!(f, "{}: skipped: {reason}", self.case),
            Outcome::Failed { asked, mismatches } => {
                write!(f, "{}: FAILED\n    asked: {asked}", self.case)?;
                mismatches.iter().try_for_each(|mismatches| write!(f, "\n    {mismatches}"))
            }
        }
    }
}
