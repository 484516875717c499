//! `edge-auth revoke crl`: imports the revocation list of an authority.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use clap::Args;
use edge_auth::SecretProvider;
use edge_auth::certificate::MAX_CRL_BYTES;
use edge_auth_control::CrlImport;
use edge_auth_control::Progress;
use edge_auth_token::AwsLcRs;
use serde::Serialize;
use tokio::time::Instant;

use super::wait::{self, WaitArgs, Waited};
use crate::administration::StoreAdministration;
use crate::error::CommandError;
use crate::native::{SystemRandomness, now, read_bounded};
use crate::output::{Output, Report, count, printable};

/// The largest file of authorities, in bytes.
const MAX_CA_BYTES: u64 = 1024 * 1024;

#[derive(Debug, Args)]
pub(super) struct CrlArgs {
    /// The list, in DER or PEM
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The `[[client_cert]]` block whose `ca_file` has the authority
    #[arg(long, value_name = "NAME", required_unless_present = "ca", conflicts_with = "ca")]
    block: Option<String>,
    /// The authority that signed the list (PEM), if no block has it
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

#[derive(Serialize)]
struct CrlReport {
    #[serde(flatten)]
    import: CrlImport,
    #[serde(skip_serializing_if = "Option::is_none")]
    waited: Option<Waited>,
}

pub(super) async fn run(
    args: CrlArgs,
    wait: WaitArgs,
    store: &StoreAdministration,
    reason: &str,
    output: Output,
) -> Result<(), CommandError> {
    let probes = wait.probes()?;
    let list = read_bounded(&args.file, MAX_CRL_BYTES as u64)
        .map_err(|error| CommandError::Refused { code: "list_invalid".into(), message: error })?;
    let authorities = match (&args.block, &args.ca) {
        (Some(block), _) => of_block(block, store)?,
        (None, Some(file)) => read_bounded(file, MAX_CA_BYTES).map_err(CommandError::Host)?,
        (None, None) => {
            return Err(CommandError::Usage(
                "name the authority of the list: --block NAME, or --ca FILE".to_owned(),
            ));
        }
    };
    let revocations = store.revocation_service()?;
    show_progress("reading the list");
    let import = revocations
        .import_list_reporting(&list, &authorities, &AwsLcRs, reason, now(), &|progress| {
            let Progress { done, of } = progress;
            show_progress(&format!("{done} of {of} entries"));
        })
        .await;
    clear_progress();
    let import = import?;
    let entered = Instant::now();
    let bound = store.policy.revocation_limits().bound;
    let waited = match probes {
        Some(probes) => Some(wait::until_refused(probes, bound, entered).await),
        None => None,
    };
    show_progress("making a snapshot");
    let tidied = revocations.tidy(&SystemRandomness, now()).await;
    clear_progress();
    let failed = waited.as_ref().is_some_and(Waited::failed);
    output.report(&CrlReport { import, waited })?;
    tidied?;
    if failed { Err(CommandError::Reported) } else { Ok(()) }
}

/// Replaces the progress line, if the error stream is a terminal.
fn show_progress(text: &str) {
    if io::stderr().is_terminal() {
        eprint!("\r\x1b[K{text}");
    }
}

fn clear_progress() {
    show_progress("");
}

/// Returns the authorities of a block of the policy.
fn of_block(name: &str, store: &StoreAdministration) -> Result<Vec<u8>, CommandError> {
    let file = match store.policy.authorities_of(name) {
        Some(Some(file)) => file,
        Some(None) => {
            return Err(CommandError::Usage(format!(
                "block `{name}` has no `ca_file`: name the authority's certificate with --ca"
            )));
        }
        None => {
            return Err(CommandError::Usage(format!(
                "the policy has no `[[client_cert]]` block `{}`",
                printable(name)
            )));
        }
    };
    store.secret_provider.file(file).map_err(CommandError::Host)
}

impl Report for CrlReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let CrlImport { issuer, listed, entered, undone, next_update } = &self.import;
        let listed = count(*listed, "certificate");
        writeln!(out, "list of {}: {listed}, {entered} new, {undone} undone", printable(issuer))?;
        writeln!(out, "a newer list is due by {next_update}")?;
        match &self.waited {
            Some(waited) => waited.human(out),
            None => Ok(()),
        }
    }
}
