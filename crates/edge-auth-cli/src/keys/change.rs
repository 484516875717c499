//! The commands for one key: show, rotate, disable, enable, revoke.

use std::time::Duration;

use clap::Args;
use edge_auth_control::bodies::RevokedKeyBody;
use tokio::time::Instant;

use super::report::KeyReport;
use crate::administration::Administration;
use crate::error::CommandError;
use crate::output::Output;
use crate::revoke::wait::{self, WaitArgs, Waited};

#[derive(Debug, Args)]
pub(super) struct IdArgs {
    /// The key's id, as `keys list` shows it
    id: String,
}

#[derive(Debug, Args)]
pub(super) struct RotateArgs {
    /// The key's id, as `keys list` shows it
    id: String,
    /// The time for which the old secret stays good, as in 24h; 0s ends it now
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    overlap: Duration,
}

#[derive(Debug, Args)]
pub(super) struct RevokeArgs {
    /// The key's id, as `keys list` shows it
    id: String,
    /// The reason, for the log
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    wait: WaitArgs,
}

pub(super) async fn show(
    args: IdArgs,
    admin: &Administration,
    output: Output,
) -> Result<(), CommandError> {
    output.report(&KeyReport::of(admin.show_key(&args.id).await?.key))
}

pub(super) async fn rotate(
    args: RotateArgs,
    admin: &Administration,
    output: Output,
) -> Result<(), CommandError> {
    KeyReport::deliver(admin.rotate_key(&args.id, args.overlap).await?, output)
}

pub(super) async fn disable(
    args: IdArgs,
    admin: &Administration,
    output: Output,
) -> Result<(), CommandError> {
    output.report(&KeyReport::of(admin.disable_key(&args.id).await?.key))
}

pub(super) async fn enable(
    args: IdArgs,
    admin: &Administration,
    output: Output,
) -> Result<(), CommandError> {
    output.report(&KeyReport::of(admin.enable_key(&args.id).await?.key))
}

pub(super) async fn revoke(
    args: RevokeArgs,
    admin: &Administration,
    output: Output,
) -> Result<(), CommandError> {
    let probes = args.wait.probes()?;
    let RevokedKeyBody { key, bound_seconds } = admin.revoke_key(&args.id, &args.reason).await?;
    let revoked_at = Instant::now();
    let waited = match probes {
        Some(probes) => {
            let bound = wait::bound(bound_seconds)?;
            Some(wait::until_refused(probes, bound, revoked_at).await)
        }
        None => None,
    };
    let failed = waited.as_ref().is_some_and(Waited::failed);
    output.report(&KeyReport::waited(key, waited))?;
    if failed { Err(CommandError::Reported) } else { Ok(()) }
}
