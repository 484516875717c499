//! `policy build`: compiles a policy to what every host loads.

use std::fs::Permissions;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anstyle::AnsiColor;
use clap::Args;
use serde::Serialize;

use crate::error::CommandError;
use crate::native::{PolicyFile, read_bounded};
use crate::output::{Output, Report, count};

#[derive(Debug, Args)]
pub(crate) struct BuildArgs {
    /// The policy, in TOML or JSON
    #[arg(value_name = "FILE", env = "EDGE_AUTH_POLICY")]
    policy: PathBuf,
    /// Where the compiled policy goes: beside FILE by default, with the extension `.bin`
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Serialize)]
struct BuildReport {
    file: String,
    digest: String,
    bytes: usize,
    rules: usize,
    /// The secrets and files that the host must have.
    secrets: Vec<String>,
    files: Vec<String>,
}

pub(super) fn run(args: BuildArgs, output: Output) -> Result<(), CommandError> {
    let policy = PolicyFile::at(&args.policy).read_source()?;
    let compiled = policy
        .to_compiled()
        .map_err(|error| CommandError::Usage(format!("{}: {error}", args.policy.display())))?;
    let target = args.output.unwrap_or_else(|| args.policy.with_extension("bin"));
    if is_same_file(&target, &args.policy) {
        let message = "-o names the policy itself, which would be overwritten: name another file";
        return Err(CommandError::Usage(message.to_owned()));
    }
    write(&target, &compiled)?;
    output.report(&BuildReport {
        file: target.display().to_string(),
        digest: policy.digest().full(),
        bytes: compiled.len(),
        rules: policy.rule_count(),
        secrets: policy.secret_names().into_iter().map(str::to_owned).collect(),
        files: policy.file_names().into_iter().map(|path| path.display().to_string()).collect(),
    })
}

/// Returns whether both paths lead to one existing file, by whatever links.
fn is_same_file(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        (Ok(_), Err(_)) | (Err(_), Ok(_) | Err(_)) => false,
    }
}

/// Writes the file whole or not at all, and not if it is the same already: a build tool that
/// watches it would begin again.
fn write(target: &Path, compiled: &[u8]) -> Result<(), CommandError> {
    if read_bounded(target, compiled.len() as u64).is_ok_and(|current| current == compiled) {
        return Ok(());
    }
    replace(target, compiled).map_err(|error| {
        CommandError::host(format!("{} cannot be written: {error}", target.display()))
    })
}

fn replace(target: &Path, compiled: &[u8]) -> io::Result<()> {
    let folder = match target.parent() {
        Some(folder) if folder != Path::new("") => folder,
        Some(_) | None => Path::new("."),
    };
    let mut new =
        tempfile::Builder::new().permissions(Permissions::from_mode(0o644)).tempfile_in(folder)?;
    new.write_all(compiled)?;
    new.persist(target)?;
    Ok(())
}

impl Report for BuildReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let good = AnsiColor::Green.on_default().bold();
        let Self { file, digest, bytes, rules, secrets, files } = self;
        let rules = count(*rules, "rule");
        writeln!(out, "{file}: {good}built{good:#}, {rules}, {bytes} bytes, sha256:{digest}")?;
        for (what, names) in [("secrets", secrets), ("files", files)] {
            if !names.is_empty() {
                writeln!(out, "  the host brings {what}: {}", names.join(" "))?;
            }
        }
        Ok(())
    }
}
