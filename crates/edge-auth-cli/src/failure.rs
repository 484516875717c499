//! How a command fails: what people read, and the exit code that scripts read.

use std::io::Write;

use edge_auth::admin::AdminError;
use edge_auth::{PolicyError, PolicyErrors};
use serde::Serialize;
use serde_json::json;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The policy has mistakes.
    Policy(PolicyErrors),
    /// The answer is no: there is no such key, a request is denied.
    Refused {
        /// Stable, for scripts.
        code: &'static str,
        /// For people.
        message: String,
    },
    /// The arguments contradict each other, or a file that was named is not as it must be.
    Usage(String),
    /// The machine could not do it: a file, a port, a store.
    Trouble(String),
    /// The answer is no, and the command's own output says so.
    Reported,
}

/// What `--help` says of the exit codes.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  done; the answer is yes
  1  the answer is no: a policy with mistakes or without its secrets, a request denied, a case
     failed, a key not found
  2  the command was not understood
  3  the machine could not: a file, a port, a store";

impl Failure {
    /// A failure of the machine's.
    pub(crate) fn trouble(message: impl Into<String>) -> Self {
        Self::Trouble(message.into())
    }

    /// The process's exit code.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Policy(_) | Self::Refused { .. } | Self::Reported => 1,
            Self::Usage(_) => 2,
            Self::Trouble(_) => 3,
        }
    }

    /// Tells the failure on the standard error stream.
    pub(crate) fn tell(&self, json: bool) {
        let (code, message) = match self {
            Self::Reported => return,
            Self::Policy(errors) => ("policy_invalid", errors.to_string()),
            Self::Refused { code, message } => (*code, message.clone()),
            Self::Usage(message) => ("usage", message.clone()),
            Self::Trouble(message) => ("trouble", message.clone()),
        };
        let mut out = anstream::stderr().lock();
        // Nobody is left to be told if even this cannot be written.
        let _ = if json {
            writeln!(
                out,
                "{}",
                json!({ "error": { "code": code, "message": message, "mistakes": self.mistakes() } })
            )
        } else {
            let red = anstyle::AnsiColor::Red.on_default().bold();
            writeln!(out, "{red}error{red:#}: {message}")
        };
    }

    fn mistakes(&self) -> Vec<Mistake<'_>> {
        let Self::Policy(PolicyErrors(errors)) = self else {
            return Vec::new();
        };
        errors.iter().map(Mistake::of).collect()
    }
}

#[derive(Serialize)]
struct Mistake<'a> {
    file: &'a str,
    line: Option<usize>,
    block: &'a str,
    field: &'a str,
    message: &'a str,
}

impl<'a> Mistake<'a> {
    fn of(error: &'a PolicyError) -> Self {
        let PolicyError { file, line, block, field, message, .. } = error;
        Self { file, line: *line, block, field, message }
    }
}

impl From<PolicyErrors> for Failure {
    fn from(errors: PolicyErrors) -> Self {
        Self::Policy(errors)
    }
}

impl From<AdminError> for Failure {
    fn from(error: AdminError) -> Self {
        let message = error.to_string();
        match error {
            AdminError::Unavailable(_) => Self::Trouble(message),
            AdminError::Invalid(_) | AdminError::BlockUnknown(_) => Self::Usage(message),
            error => Self::Refused { code: error.code().0, message },
        }
    }
}
