//! One command of a step: printed, run, and turned into an outcome.

use std::ffi::{OsStr, OsString};
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use crate::outcome::Outcome;
use crate::report::DIM;
use crate::test_counts::TestCounts;
use crate::workspace::Workspace;

/// Returns the cargo that runs this program, so that every step uses the same toolchain.
pub(crate) fn cargo_program() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

pub(crate) struct Invocation {
    command: Command,
    shown: String,
}

impl Invocation {
    /// Returns an invocation of `cargo` with arguments that are separated by spaces.
    pub(crate) fn cargo(workspace: &Workspace, arguments: &str) -> Invocation {
        Invocation::of(Path::new(&cargo_program()), "cargo", workspace, arguments)
    }

    /// Returns an invocation of `program` under the name `name`, with arguments that are separated
    /// by spaces.
    pub(crate) fn of(
        program: &Path,
        name: &str,
        workspace: &Workspace,
        arguments: &str,
    ) -> Invocation {
        let mut command = Command::new(program);
        command.args(arguments.split_whitespace()).current_dir(&workspace.root);
        Invocation { command, shown: format!("{name} {arguments}") }
    }

    pub(crate) fn arg(mut self, argument: impl AsRef<Path>) -> Invocation {
        self.shown = format!("{} {}", self.shown, argument.as_ref().display());
        self.command.arg(argument.as_ref());
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Invocation {
        self.shown = format!("{name}={:?} {}", value.as_ref(), self.shown);
        self.command.env(name, value.as_ref());
        self
    }

    /// Runs the command. The outcome is a pass if the command succeeds.
    pub(crate) fn run(mut self) -> Outcome {
        self.show();
        match self.command.status() {
            Ok(status) if status.success() => Outcome::Passed(String::new()),
            Ok(status) => Outcome::Failed(status.to_string()),
            Err(error) => Outcome::Failed(error.to_string()),
        }
    }

    /// Runs the command. The outcome is a pass if the command succeeds and ran at least one test,
    /// so that a filter that matches nothing fails.
    pub(crate) fn run_tests(mut self) -> Outcome {
        self.show();
        match self.count_tests() {
            Err(error) => Outcome::Failed(error.to_string()),
            Ok((status, counts)) => verdict(status, &counts),
        }
    }

    /// Prints the output line by line and adds up the test summaries in it.
    fn count_tests(&mut self) -> io::Result<(ExitStatus, TestCounts)> {
        let mut child = self.command.stdout(Stdio::piped()).spawn()?;
        let mut counts = TestCounts::default();
        if let Some(output) = child.stdout.take() {
            for line in BufReader::new(output).split(b'\n') {
                let line = line?;
                let line = String::from_utf8_lossy(&line);
                anstream::println!("{line}");
                counts.add_summary(&line);
            }
        }
        Ok((child.wait()?, counts))
    }

    fn show(&self) {
        anstream::println!("{DIM}$ {}{DIM:#}", self.shown);
    }
}

fn verdict(status: ExitStatus, counts: &TestCounts) -> Outcome {
    if !status.success() {
        Outcome::Failed(format!("{status}, {counts}"))
    } else if counts.passed == 0 {
        Outcome::Failed("no test ran".into())
    } else {
        Outcome::Passed(counts.to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    fn verdict_of(exit_code: i32, passed: u64, failed: u64) -> Outcome {
        verdict(ExitStatus::from_raw(exit_code << 8), &TestCounts { passed, failed, ignored: 0 })
    }

    #[test]
    fn tests_that_ran_are_counted() {
        assert_eq!(verdict_of(0, 3, 0), Outcome::Passed("3 passed, 0 failed, 0 ignored".into()));
    }

    #[test]
    fn a_filter_that_matches_no_test_fails() {
        assert_eq!(verdict_of(0, 0, 0), Outcome::Failed("no test ran".into()));
    }

    #[test]
    fn the_exit_status_overrides_the_counts() {
        let why = "exit status: 101, 3 passed, 0 failed, 0 ignored";
        assert_eq!(verdict_of(101, 3, 0), Outcome::Failed(why.into()));
    }
}
