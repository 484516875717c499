//! What is due on a schedule: the log is compacted, and records that lapsed long ago are dropped.

use edge_auth_cloudflare::{RuntimeRandomness, now};
use edge_auth_control::RevocationLedger;

use crate::state::ControlState;

/// Does what is due, and returns a line for each thing that was done.
///
/// # Errors
/// What could not be done.
pub(crate) async fn run(state: &ControlState) -> Result<Vec<String>, String> {
    let swept = state.store.sweep(now()).await.map_err(|error| error.to_string())?;
    let mut done = vec![format!("dropped {swept} lapsed records of API keys")];
    if let Some(secrets) = state.gate.revocation_secrets() {
        let ledger = RevocationLedger::new(secrets.clone(), &state.store);
        let held =
            ledger.compact(&RuntimeRandomness, now()).await.map_err(|error| error.to_string())?;
        done.push(format!("compacted the log: the snapshot holds {held} revocations"));
    }
    Ok(done)
}
