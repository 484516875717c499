//! The table at the end of a run.

use std::time::Duration;

use anstyle::{AnsiColor, Style};

use crate::outcome::{Missing, Outcome};

pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const RED: Style = AnsiColor::Red.on_default().bold();
const GREEN: Style = AnsiColor::Green.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();

#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<(&'static str, Outcome, Duration)>,
}

impl Report {
    pub(crate) fn add(&mut self, step: &'static str, outcome: Outcome, took: Duration) {
        self.rows.push((step, outcome, took));
    }

    pub(crate) fn is_good(&self, require_all: bool) -> bool {
        self.rows.iter().all(|(_, outcome, _)| outcome.is_good(require_all))
    }

    /// Returns a line for each step and one for the whole run including set-up. A skipped step is
    /// followed by the command that would help.
    pub(crate) fn table(&self, total: Duration) -> String {
        let longest = self.rows.iter().map(|(step, ..)| step.len()).max().unwrap_or_default();
        let width = longest.max("total".len());
        let mut table = format!("{BOLD}{:width$}  result   seconds{BOLD:#}", "step");
        for (step, outcome, took) in &self.rows {
            let (style, result, note) = match outcome {
                Outcome::Passed(note) => (GREEN, "passed", note.clone()),
                Outcome::Failed(why) => (RED, "failed", why.clone()),
                Outcome::Skipped(Missing { why, help })
                | Outcome::Excused(Missing { why, help }) => {
                    let indent = " ".repeat(width + 2 + 7 + 2 + 7 + 2);
                    (YELLOW, "skipped", format!("{why}\n{indent}try: {help}"))
                }
            };
            table += &row(&format!("{step:width$}"), style, result, *took, &note);
        }
        table += &row(&format!("{:width$}", "total"), Style::new(), "", total, "");
        table
    }
}

fn row(step: &str, style: Style, result: &str, took: Duration, note: &str) -> String {
    let seconds = took.as_secs_f64();
    let line = format!("{step}  {style}{result:7}{style:#}  {seconds:7.1}  {note}");
    format!("\n{}", line.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let missing = Missing { why: "no compass".into(), help: "buy compass".into() };
        let mut report = Report::default();
        report.add("fmt", Outcome::Passed(String::new()), Duration::from_millis(940));
        report.add(
            "test",
            Outcome::Failed("3 passed, 1 failed, 0 ignored".into()),
            Duration::from_secs(61),
        );
        report.add("navigate", Outcome::Skipped(missing), Duration::ZERO);
        report
    }

    #[test]
    fn the_table_has_every_outcome_and_the_command_that_would_help() {
        let table =
            anstream::adapter::strip_str(&report().table(Duration::from_secs(75))).to_string();
        let expected = "\
step      result   seconds
fmt       passed       0.9
test      failed      61.0  3 passed, 1 failed, 0 ignored
navigate  skipped      0.0  no compass
                            try: buy compass
total                 75.0";
        assert_eq!(table, expected);
    }

    #[test]
    fn one_failure_fails_the_run() {
        assert!(!report().is_good(false));
    }

    #[test]
    fn a_run_of_passes_is_good() {
        let mut report = Report::default();
        report.add("fmt", Outcome::Passed(String::new()), Duration::ZERO);
        assert!(report.is_good(true));
    }
}
