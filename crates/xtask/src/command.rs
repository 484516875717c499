//! Runs commands for their output.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

/// Returns the standard output of `command`. The error names the program and has the last line of
/// its error output.
pub(crate) fn output_of(command: &mut Command) -> io::Result<String> {
    let program = Path::new(command.get_program());
    let program = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| io::Error::other(format!("{program}: {error}")))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(match errors.lines().map(str::trim).rfind(|line| !line.is_empty()) {
            Some(last) => io::Error::other(format!("{program}: {last}")),
            None => io::Error::other(format!("{program}: {}", output.status)),
        });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_ends_with_the_last_line_of_the_error_output() {
        let error = output_of(
            Command::new("sh").args(["-c", "echo no >&2; echo 'no host' >&2; echo >&2; exit 3"]),
        );
        assert_eq!(error.unwrap_err().to_string(), "sh: no host");
    }

    #[test]
    fn a_silent_failure_reports_its_exit_status() {
        let error = output_of(Command::new("sh").args(["-c", "exit 3"]));
        assert_eq!(error.unwrap_err().to_string(), "sh: exit status: 3");
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = output_of(&mut Command::new("no-such-program")).unwrap_err().to_string();
        assert!(error.starts_with("no-such-program: "), "{error}");
    }
}
