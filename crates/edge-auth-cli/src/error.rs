//! Errors of commands: the message for people, and the exit code for scripts.

use std::borrow::Cow;
use std::fmt;
use std::io::Write;

use edge_auth::platform::Unavailable;
use edge_auth::{PolicyError, PolicyErrors};
use edge_auth_control::AdminError;
use edge_auth_native::PolicyFileError;
use serde::Serialize;
use serde_json::json;

use crate::argument_error::without_credentials;
use crate::output::{escaped, printable_lines};
use crate::store::StoreError;

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum CommandError {
    /// The policy has mistakes.
    Policy(PolicyErrors),
    /// The answer is no: the key does not exist, or the request is denied.
    Refused {
        /// Stable, for scripts.
        code: Cow<'static, str>,
        /// For people.
        message: String,
    },
    /// A host refuses the administrator's credential.
    Denied {
        /// The code of the refusal.
        code: String,
        /// For people.
        message: String,
    },
    /// The arguments contradict each other, or a file that they name is malformed.
    Usage(String),
    /// The machine failed: a file, a port, a store.
    Host(String),
    /// The answer is no, and the command's own output says so.
    Reported,
}

/// The exit codes, for `--help`.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  done; the answer is yes
  1  the answer is no: a policy has mistakes, or must decide without its secrets; a request is
     denied, a case failed, a key is not found, a host refuses the administrator
  2  usage: the arguments, or a file that they name, are malformed
  3  the machine failed: a file, a port, a store; or a host cannot be asked";

impl CommandError {
    /// Makes an error of the machine.
    pub(crate) fn host(message: impl Into<String>) -> Self {
        Self::Host(message.into())
    }

    /// Returns the exit code of the process.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Policy(_) | Self::Refused { .. } | Self::Denied { .. } | Self::Reported => 1,
            Self::Usage(_) => 2,
            Self::Host(_) => 3,
        }
    }

    /// Writes the error to the standard error stream.
    pub(crate) fn print(&self, json: bool) {
        if matches!(self, Self::Reported) {
            return;
        }
        let mut out = anstream::stderr().lock();
        let arguments =
            std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned());
        let message = without_credentials(&self.to_string(), arguments);
        let code = self.code();
        // An error of the error stream cannot be reported.
        let _ = if json {
            let mistakes = self.mistakes();
            let error = json!({ "code": code, "message": message, "mistakes": mistakes });
            writeln!(out, "{}", escaped(&json!({ "error": error }).to_string()))
        } else {
            let red = anstyle::AnsiColor::Red.on_default().bold();
            writeln!(out, "{red}error{red:#}: {}", printable_lines(&message))
        };
    }

    fn code(&self) -> &str {
        match self {
            Self::Policy(_) => "policy_invalid",
            Self::Refused { code, .. } => code,
            Self::Denied { code, .. } => code,
            Self::Usage(_) => "usage",
            Self::Host(_) => "trouble",
            Self::Reported => "reported",
        }
    }

    fn mistakes(&self) -> Vec<Mistake<'_>> {
        let Self::Policy(PolicyErrors(errors)) = self else {
            return Vec::new();
        };
        errors.iter().map(Mistake::of).collect()
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy(errors) => errors.fmt(f),
            Self::Refused { message, .. }
            | Self::Denied { message, .. }
            | Self::Usage(message)
            | Self::Host(message) => f.write_str(message),
            Self::Reported => Ok(()),
        }
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

impl From<PolicyErrors> for CommandError {
    fn from(errors: PolicyErrors) -> Self {
        Self::Policy(errors)
    }
}

impl From<PolicyFileError> for CommandError {
    fn from(error: PolicyFileError) -> Self {
        match error {
            PolicyFileError::Unreadable(message) => Self::Host(message),
            PolicyFileError::Invalid(errors) => Self::Policy(errors),
        }
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        Self::host(error.to_string())
    }
}

impl From<Unavailable> for CommandError {
    fn from(unavailable: Unavailable) -> Self {
        Self::host(unavailable.to_string())
    }
}

impl From<AdminError> for CommandError {
    fn from(error: AdminError) -> Self {
        let message = error.to_string();
        match error.code() {
            (_, 503) => Self::Host(message),
            (_, 400) => Self::Usage(message),
            (code, _) => Self::Refused { code: code.into(), message },
        }
    }
}
