//! The entrypoint `Reader`: what a gate may ask the ledger.

use edge_auth_cloudflare::Event;
use edge_auth_cloudflare::protocol::{ReadRequest, ReadResponse};
use edge_auth_cloudflare::store::ask;
use wasm_bindgen::JsValue;

use crate::store::{LedgerObject, PartCopies};

/// Asks the ledger if the request is a read, and returns `None` if not. The ledger gets what was
/// parsed, and never a text of the caller.
pub(crate) async fn answer(event: &Event, request: &str) -> Result<Option<String>, JsValue> {
    let Ok(request) = serde_json::from_str::<ReadRequest>(request) else {
        return Ok(None);
    };
    let failed = |error: String| JsValue::from_str(&error);
    let response: ReadResponse = ask(&LedgerObject::bound(&event.env()), &request)
        .await
        .map_err(|error| failed(error.to_string()))?;
    if let (ReadRequest::Part { id, index }, ReadResponse::Part(Some(part))) = (request, &response)
        && let Some(bytes) = part.bytes()
    {
        // The gate did not find it in KV.
        let copies = PartCopies::bound(&event.env());
        event.after_the_answer(async move { copies.write(&id, index, &bytes).await });
    }
    serde_json::to_string(&response).map(Some).map_err(|error| failed(error.to_string()))
}
