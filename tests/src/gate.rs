//! Runs the real `edge-auth serve` in a temporary folder.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use edge_auth_testkit::wire::Process;
use serde_json::Value;
use tempfile::TempDir;

use crate::program;

const PEPPER: &str = "a pepper for tests, of 32 bytes or more";

/// A running gate. Dropping it stops the process.
pub struct Gate {
    folder: TempDir,
    _process: Process,
    /// The address on which it listens.
    pub address: SocketAddr,
}

impl Gate {
    /// Serves as an authorizer with this policy. `files` lie beside the policy, by name.
    ///
    /// # Panics
    /// If the gate does not serve, with what it logged.
    pub fn serve(policy: &str, files: &[(&str, &str)]) -> Self {
        Self::start(policy, files, &[])
    }

    /// Serves as a gateway in front of this origin.
    ///
    /// # Panics
    /// If the gate does not serve, with what it logged.
    pub fn before(upstream: &str, policy: &str, files: &[(&str, &str)]) -> Self {
        Self::start(policy, files, &["--upstream", upstream])
    }

    fn start(policy: &str, files: &[(&str, &str)], arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder for tests");
        for (name, text) in [("policy.toml", policy)].iter().chain(files) {
            fs::write(folder.path().join(name), text).expect("a writable folder");
        }
        let serve = [&["serve", "--listen", "127.0.0.1:0"], arguments].concat();
        let mut serve = edge_auth(folder.path(), &serve);
        let mut process = Process::start(&mut serve).expect("a program");
        let address =
            process.address().unwrap_or_else(|output| panic!("the gate does not serve: {output}"));
        Self { folder, _process: process, address }
    }

    /// Runs `edge-auth keys …` on the gate's store and returns its report.
    ///
    /// # Panics
    /// If the command fails, with its error output.
    pub fn keys(&self, arguments: &[&str]) -> Value {
        let mut keys = edge_auth(self.folder.path(), &[&["--json", "keys"], arguments].concat());
        let output = keys.output().expect("a program");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "edge-auth keys {arguments:?}: {errors}");
        serde_json::from_slice(&output.stdout).expect("JSON")
    }
}

fn edge_auth(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program("EDGE_AUTH_BINARY"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command.env("PEPPER", PEPPER);
    command.env("EDGE_AUTH_POLICY", "policy.toml").env("EDGE_AUTH_STORE", "sqlite:keys.db");
    command
}
