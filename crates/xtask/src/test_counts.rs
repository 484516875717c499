//! Adds up the summaries that libtest prints.

use std::fmt;

/// The numbers of tests over all test binaries of a run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct TestCounts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) ignored: u64,
}

impl TestCounts {
    /// Adds `test result: ok. 3 passed; 0 failed; 1 ignored; …` and ignores any other line.
    pub(crate) fn add_summary(&mut self, line: &str) {
        let Some(summary) = line.strip_prefix("test result: ") else { return };
        let counts = summary.split_once(". ").map_or(summary, |(_verdict, counts)| counts);
        for count in counts.split(';') {
            let Some((number, what)) = count.trim().split_once(' ') else { continue };
            let Ok(number) = number.parse::<u64>() else { continue };
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

impl fmt::Display for TestCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TestCounts { passed, failed, ignored } = self;
        write!(f, "{passed} passed, {failed} failed, {ignored} ignored")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(lines: &[&str]) -> TestCounts {
        let mut counts = TestCounts::default();
        lines.iter().for_each(|line| counts.add_summary(line));
        counts
    }

    #[test]
    fn the_summaries_of_several_binaries_add_up() {
        let counts = counts(&[
            "running 3 tests",
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.01s",
            "test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s",
        ]);
        assert_eq!(counts.to_string(), "7 passed, 2 failed, 1 ignored");
    }

    #[test]
    fn a_summary_quoted_inside_a_line_does_not_count() {
        assert_eq!(
            counts(&["stdout: test result: ok. 3 passed; 0 failed", "3 passed"]),
            TestCounts::default()
        );
    }
}
