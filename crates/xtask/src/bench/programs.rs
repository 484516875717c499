//! The measured programs, built in release mode.

use std::io;
use std::path::PathBuf;
use std::process::Command;

use crate::invocation::Invocation;
use crate::outcome::Outcome;
use crate::workspace::Workspace;

pub(super) struct Programs {
    release: PathBuf,
    /// The folder with keys, tokens and configurations.
    pub(super) folder: PathBuf,
}

impl Programs {
    /// Builds the programs of these packages (`-p NAME`), and fills the folder.
    pub(super) fn build(workspace: &Workspace, packages: &str) -> io::Result<Programs> {
        let programs = Self::only_build(workspace, packages)?;
        anstream::println!("minting tokens");
        let minted = programs.bench().arg("mint").arg(&programs.folder).status()?;
        if minted.success() {
            Ok(programs)
        } else {
            Err(io::Error::other(format!("mint: {minted}")))
        }
    }

    /// Builds the programs of these packages (`-p NAME`).
    pub(super) fn only_build(workspace: &Workspace, packages: &str) -> io::Result<Programs> {
        let build = Invocation::cargo(workspace, &format!("build --release {packages}"));
        if let Outcome::Failed(why) = build.run() {
            return Err(io::Error::other(format!("cargo build: {why}")));
        }
        let folder = workspace.target.join("bench");
        std::fs::create_dir_all(&folder)?;
        Ok(Programs { release: workspace.target.join("release"), folder })
    }

    /// Returns the command `edge-auth`.
    pub(super) fn command(&self) -> Command {
        Command::new(self.release.join("edge-auth"))
    }

    /// Returns the command `edge-auth-bench`.
    pub(super) fn bench(&self) -> Command {
        Command::new(self.release.join("edge-auth-bench"))
    }

    /// Returns `edge-auth serve` on any port, with the policy of the folder.
    pub(super) fn serve(&self) -> Command {
        let mut command = self.command();
        command.args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--store",
            "sqlite:keys.db",
            "--policy",
            "policy.toml",
        ]);
        command.current_dir(&self.folder);
        command.env("HMAC", "a secret of 32 bytes, which nothing here is signed with");
        command.env("PEPPER", "a pepper of at least thirty-two bytes");
        command
    }
}
