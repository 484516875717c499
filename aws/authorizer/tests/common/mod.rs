//! A deployed folder, and the program that runs in it.

#![allow(
    dead_code,
    clippy::panic,
    clippy::unwrap_used,
    reason = "each test binary uses a part of it; a panic is a failed test"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use edge_auth_testkit::wire::Function;
use serde_json::Value;

/// The program of the package whose test this is.
const PROGRAM: &str = match (
    option_env!("CARGO_BIN_EXE_edge-auth-authorizer"),
    option_env!("CARGO_BIN_EXE_edge-auth-control"),
) {
    (Some(program), _) | (None, Some(program)) => program,
    (None, None) => panic!("the package has neither program"),
};

/// Returns the program of the other package, which the environment names.
pub(crate) fn other_program(variable: &str) -> PathBuf {
    let program = std::env::var_os(variable);
    program
        .unwrap_or_else(|| panic!("{variable} is not set: run `cargo xtask test --only lambda`"))
        .into()
}

/// The files of a deployed function.
pub(crate) struct Deployed(tempfile::TempDir);

impl Deployed {
    /// Writes this policy.
    pub(crate) fn with(policy: &str) -> Self {
        let deployed = Self(tempfile::tempdir().unwrap());
        std::fs::write(deployed.path("policy.toml"), policy).unwrap();
        deployed
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Returns the command of the program, which sees only these files and no other environment.
    pub(crate) fn command(&self) -> Command {
        self.command_of(Path::new(PROGRAM))
    }

    /// Returns the command of another program with the same files.
    pub(crate) fn command_of(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("LAMBDA_TASK_ROOT", self.0.path()).current_dir("/");
        command
    }
}

/// A function with its files.
pub(crate) struct Running {
    pub(crate) function: Function,
    _deployed: Deployed,
}

impl Running {
    pub(crate) fn with(policy: &str, environment: &[(&str, &str)]) -> Self {
        let deployed = Deployed::with(policy);
        let function =
            Function::start(deployed.command().envs(environment.iter().copied())).unwrap();
        Self { function, _deployed: deployed }
    }

    /// Returns the answer to an event.
    pub(crate) fn answer(&self, event: &Value) -> Value {
        let answered = self.function.invoke(event.to_string().into_bytes()).unwrap();
        serde_json::from_slice(&answered.unwrap_or_else(|error| panic!("{error} for {event}")))
            .unwrap()
    }

    /// Returns the error that an event causes.
    pub(crate) fn error(&self, event: &[u8]) -> Value {
        self.function.invoke(event.to_vec()).unwrap().unwrap_err()
    }
}
