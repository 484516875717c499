//! The entrypoint `Reader`: what a gate may ask the ledger.

use edge_auth::platform::Unavailable;
use edge_auth_cloudflare::Event;
use edge_auth_cloudflare::protocol::{ReadRequest, ReadResponse};
use edge_auth_cloudflare::store::ask;

use crate::relay;
use crate::state::ControlState;
use crate::store::{LedgerObject, PartCopies};

/// Asks the ledger if the request is a read, and returns `None` if not. The ledger gets what was
/// parsed, and never a text of the caller.
pub(crate) async fn answer(
    state: &ControlState,
    event: &Event,
    request: &str,
) -> Result<Option<String>, String> {
    let Ok(request) = serde_json::from_str::<ReadRequest>(request) else {
        return Ok(None);
    };
    let response = read(state, event, request).await.map_err(|error| error.to_string())?;
    serde_json::to_string(&response).map(Some).map_err(|error| error.to_string())
}

async fn read(
    state: &ControlState,
    event: &Event,
    request: ReadRequest,
) -> Result<ReadResponse, Unavailable> {
    let ledger = LedgerObject::bound(&event.env());
    if let ReadRequest::Since { first, limit } = request {
        return relay::since(&ledger, state.feed_interval, first, limit).await;
    }
    let response = ask(&ledger, &request).await?;
    if let (ReadRequest::Part { id, index }, ReadResponse::Part(Some(part))) = (request, &response)
        && let Some(bytes) = part.bytes()
    {
        // The gate did not find it in KV.
        let copies = PartCopies::bound(&event.env());
        event.after_the_answer(async move { copies.write(&id, index, &bytes).await });
    }
    Ok(response)
}
