//! The scheduled work: compacts the revocation log, so that new instances start from a snapshot, and
//! deletes expired records. DynamoDB deletes expired API keys itself.

use edge_auth_control::RevocationLedger;
use edge_auth_lambda::tell;
use edge_auth_native::{SystemRandomness, now};
use serde::Serialize;

use crate::handler::Handler;

/// What a run did.
#[derive(Serialize)]
pub(crate) struct Maintained {
    /// The number of revocations in the newest snapshot; absent without `[revocation] secret`.
    #[serde(skip_serializing_if = "Option::is_none")]
    revocations: Option<usize>,
}

/// Does the scheduled work. The error is for the operator.
pub(crate) async fn run(Handler { gate, store }: &Handler) -> Result<Maintained, String> {
    let Some(secrets) = gate.revocation_secrets() else {
        return Ok(Maintained { revocations: None });
    };
    store.prepare_heads().await.map_err(|error| error.to_string())?;
    let ledger = RevocationLedger::new(secrets.clone(), store);
    match ledger.compact(&SystemRandomness, now()).await {
        Ok(held) => {
            tell([format!("compacted the revocation log: the snapshot holds {held} revocations")]);
            Ok(Maintained { revocations: Some(held) })
        }
        Err(error) => Err(format!("the revocation log was not compacted: {error}")),
    }
}
