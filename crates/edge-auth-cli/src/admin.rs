//! `edge-auth admin …`: switches on administration over HTTP.

use std::io::{self, Write};

use anstyle::Style;
use clap::Subcommand;
use edge_auth::bootstrap_secret::{bootstrap_hash, bootstrap_secret};
use serde::Serialize;

use crate::error::CommandError;
use crate::native::SystemRandomness;
use crate::output::{Output, Report};

#[derive(Debug, Subcommand)]
pub(crate) enum AdminCommand {
    /// Print a new bootstrap secret, and the lines that switch `/admin/v1` on for it
    Init,
}

#[derive(Serialize)]
struct InitReport {
    secret: String,
    bootstrap_hash: String,
}

pub(crate) fn run(command: AdminCommand, output: Output) -> Result<(), CommandError> {
    let AdminCommand::Init = command;
    let secret = bootstrap_secret(&SystemRandomness)
        .map_err(|error| CommandError::host(error.to_string()))?;
    output.report(&InitReport {
        bootstrap_hash: bootstrap_hash(&secret),
        secret: String::from_utf8_lossy(secret.expose()).into_owned(),
    })
}

impl Report for InitReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let bold = Style::new().bold();
        writeln!(out, "{bold}{}{bold:#}", self.secret)?;
        writeln!(
            out,
            "This is shown once and not stored. Send it as `Authorization: Bearer …`.\n"
        )?;
        writeln!(out, "Add this to the policy, and have the server read it again:\n")?;
        writeln!(out, "[admin]\nbootstrap_hash = \"{}\"\n", self.bootstrap_hash)?;
        writeln!(
            out,
            "With it, create a key with the scopes edge-auth:keys:read and edge-auth:keys:write, add a"
        )?;
        writeln!(
            out,
            "rule for /admin/v1/{{*rest}} whose `scopes` name them, and remove the hash again."
        )
    }
}
