//! The commands for one key: show, rotate, disable, enable, revoke.

use std::time::Duration;

use clap::Args;
use tokio::time::Instant;

use super::AdminContext;
use super::report::KeyReport;
use crate::error::CommandError;
use crate::native::{SystemRandomness, now};
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
    context: &AdminContext,
    output: Output,
) -> Result<(), CommandError> {
    let key = context.key_service()?.show(&args.id, now()).await?;
    output.report(&KeyReport::of(&key))
}

pub(super) async fn rotate(
    args: RotateArgs,
    context: &AdminContext,
    output: Output,
) -> Result<(), CommandError> {
    let key_service = context.key_service()?;
    let (key, text) = key_service.rotate(&args.id, args.overlap, &SystemRandomness, now()).await?;
    output.deliver(&KeyReport::with_text(&key, &text), &KeyReport::lost(&key))
}

pub(super) async fn disable(
    args: IdArgs,
    context: &AdminContext,
    output: Output,
) -> Result<(), CommandError> {
    let key = context.key_service()?.disable(&args.id, now()).await?;
    output.report(&KeyReport::of(&key))
}

pub(super) async fn enable(
    args: IdArgs,
    context: &AdminContext,
    output: Output,
) -> Result<(), CommandError> {
    let key = context.key_service()?.enable(&args.id, now()).await?;
    output.report(&KeyReport::of(&key))
}

pub(super) async fn revoke(
    args: RevokeArgs,
    context: &AdminContext,
    output: Output,
) -> Result<(), CommandError> {
    let probes = args.wait.probes()?;
    let key = context.key_service()?.revoke(&args.id, &args.reason, now()).await?;
    let revoked_at = Instant::now();
    let waited = match probes {
        Some(probes) => {
            let bound = context.policy.revocation_limits().bound;
            Some(wait::until_refused(probes, bound, revoked_at).await)
        }
        None => None,
    };
    let failed = waited.as_ref().is_some_and(Waited::failed);
    output.report(&KeyReport::waited(&key, waited))?;
    if failed { Err(CommandError::Reported) } else { Ok(()) }
}
