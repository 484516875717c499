//! `edge-auth revoke …`: adds entries to the revocation feed of a store, or at a host.

mod crl;
mod probe;
mod target_args;
pub(crate) mod wait;

use std::io::{self, Write};
use std::time::Duration;

use clap::Args;
use edge_auth_control::{RevocationKind, RevocationResponse};
use serde::Serialize;
use tokio::time::Instant;

use crate::administration::{Administration, AdministrationArgs};
use crate::error::CommandError;
use crate::output::{Output, Report};
use crate::revocations::EntryReport;
use target_args::TargetArgs;
use wait::{WaitArgs, Waited};

#[derive(Debug, Args)]
pub(crate) struct RevokeArgs {
    #[command(flatten)]
    administration: AdministrationArgs,
    /// The reason, for the log
    #[arg(long, value_name = "TEXT", global = true)]
    reason: Option<String>,
    /// When the entry expires: 90d, 2027-01-31, or 2027-01-31T12:00:00Z [default: when the last of
    /// such tokens has expired; never for others]
    #[arg(long, value_name = "WHEN", global = true)]
    expires: Option<String>,
    #[command(flatten)]
    wait: WaitArgs,
    #[command(subcommand)]
    what: TargetArgs,
}

/// The limit of an entry for a fingerprint.
const FINGERPRINT_ALONE: &str = "a fingerprint alone is not enough where the platform reports only fingerprints: the same \
     certificate in other bytes has another one. Revoke it by --file, or by --issuer and --serial, too";

/// Lists are read and checked where the store is.
const CRL_AT_A_HOST: &str =
    "a revocation list is imported where its store is: --store sqlite:PATH or dynamodb:TABLE";

#[derive(Serialize)]
struct RevokeReport {
    #[serde(flatten)]
    entry: RevocationResponse,
    /// The entries for the certificate's other identifiers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    also: Vec<RevocationResponse>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waited: Option<Waited>,
}

/// Runs `edge-auth revoke …`.
pub(crate) async fn run(args: RevokeArgs, output: Output) -> Result<(), CommandError> {
    let missing = if args.reason.is_none() { vec!["--reason TEXT"] } else { Vec::new() };
    let admin = Administration::open(args.administration, false, missing).await?;
    let reason = args.reason.unwrap_or_default();
    if let TargetArgs::Crl(crl) = args.what {
        let Administration::Store(store) = admin else {
            return Err(CommandError::Usage(CRL_AT_A_HOST.to_owned()));
        };
        return crl::run(crl, args.wait, &store, &reason, output).await;
    }
    let probes = args.wait.probes()?;
    let requests = args.what.requests(&reason)?;
    let fingerprint_alone =
        matches!(&*requests, [request] if request.kind == RevocationKind::Certificate);
    let mut entries = Vec::new();
    for mut request in requests {
        if args.expires.is_some() {
            request.expires.clone_from(&args.expires);
        }
        entries.push(admin.revoke(request).await?);
    }
    let entered = Instant::now();
    let bound = entries.iter().filter_map(|entry| entry.bound_seconds).max();
    let waited = match probes {
        Some(probes) => {
            let bound = wait::bound(bound.unwrap_or_default())?;
            Some(wait::until_refused(probes, bound, entered).await)
        }
        None => None,
    };
    // An error of the housekeeping is reported after the entry, which it does not affect.
    let tidied = admin.tidy().await;
    let failed = waited.as_ref().is_some_and(Waited::failed);
    let mut entries = entries.into_iter();
    if let Some(entry) = entries.next() {
        let note = fingerprint_alone.then_some(FINGERPRINT_ALONE);
        output.report(&RevokeReport { entry, also: entries.collect(), note, waited })?;
    }
    tidied?;
    if failed { Err(CommandError::Reported) } else { Ok(()) }
}

impl Report for RevokeReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        EntryReport(self.entry.clone()).human(out)?;
        for entry in &self.also {
            EntryReport(entry.clone()).human(out)?;
        }
        if let Some(note) = self.note {
            writeln!(out, "note      {note}")?;
        }
        self.waited.as_ref().map_or(Ok(()), |waited| waited.human(out))
    }
}

/// Returns seconds, rounded to hundredths.
fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 100.0).round() / 100.0
}
