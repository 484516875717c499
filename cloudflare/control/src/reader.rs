//! The entrypoint `Reader`: what a gate may ask the ledger.

use edge_auth::platform::Unavailable;
use edge_auth_cloudflare::Event;
use edge_auth_cloudflare::protocol::{Part, ReadRequest, ReadResponse};
use edge_auth_cloudflare::store::{ask, unexpected};
use edge_auth_token::Timestamp;

use crate::kv::{self, Kv, PartCopies};
use crate::relay;
use crate::state::ControlState;
use crate::store::LedgerObject;
use crate::store::protocol::{WriteRequest, WriteResponse};

/// The most records of the log in one answer.
const MAX_LIMIT: usize = 1_000;

/// Answers if the request is a read, and returns `None` if not. The ledger gets what was parsed, and
/// never a text of the caller.
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
    let kv = Kv::bound(&event.env());
    match request {
        ReadRequest::Since { first, limit } => {
            relay::since(&ledger, state.feed_interval, first, limit.min(MAX_LIMIT)).await
        }
        // Without a feed, nothing says that a copy is old.
        ReadRequest::Find { id, now, current: false } if state.has_feed && kv.is_bound() => {
            let copy = kv.key(&id).await;
            if let Some(record) = copy.filter(|copy| copy.lives(Timestamp::from_millis(now))) {
                return Ok(ReadResponse::Found(vec![record]));
            }
            let request = ReadRequest::Find { id: id.clone(), now, current: true };
            let answer = ask(&ledger, &request).await?;
            let ReadResponse::Found(found) = &answer else { return Err(unexpected()) };
            if !found.is_empty() && kv::is_due(&kv::key_name(&id)) {
                // The ledger alone writes copies of records, so that none overtakes a newer one.
                event.after_the_answer(async move {
                    let request = WriteRequest::CopyAgain { id };
                    let again: Result<WriteResponse, _> = ask(&ledger, &request).await;
                    if let Err(error) = again {
                        worker::console_warn!("edge-auth: a key is not copied again: {error}");
                    }
                });
            }
            Ok(answer)
        }
        ReadRequest::Part { id, index, current } => {
            // The snapshot's manifest, which has a MAC, has the digests of its parts.
            if !current && let Some(copy) = kv.part(&id, index).await {
                return Ok(ReadResponse::Part(Some(Part::of(&copy))));
            }
            let request = ReadRequest::Part { id: id.clone(), index, current: true };
            let answer = ask(&ledger, &request).await?;
            if let ReadResponse::Part(Some(part)) = &answer
                && let Some(bytes) = part.bytes()
                && kv::is_due(&kv::part_name(&id, index))
            {
                let copies = PartCopies::bound(&event.env());
                event.after_the_answer(async move { copies.write(&id, index, &bytes).await });
            }
            Ok(answer)
        }
        ReadRequest::Find { .. } | ReadRequest::Marked { .. } | ReadRequest::Snapshot => {
            ask(&ledger, &request).await
        }
    }
}
