//! The end of the log, as `Reader` keeps it for a moment: many gates ask for the same records, and
//! the ledger answers one of them.
//!
//! A relay can withhold the newest records, as the ledger can, and nothing else: records have MACs
//! and sequences. What it answers has an age, which gates count into the bound.

use std::cell::RefCell;
use std::time::Duration;

use edge_auth::platform::{RELAY_KEEPS, Unavailable};
use edge_auth_cloudflare::now;
use edge_auth_cloudflare::protocol::{ReadRequest, ReadResponse, StoredRevocation};
use edge_auth_cloudflare::store::{ReadLock, ask, unexpected};
use edge_auth_token::Timestamp;

use crate::store::LedgerObject;

/// An answer is read again from this part of the feed's interval on, if that is less.
const PART: u32 = 6;

thread_local! {
    static KEPT: RefCell<Option<Kept>> = const { RefCell::new(None) };
    static READ_LOCK: ReadLock = ReadLock::default();
}

/// All records from a place on, as they were at a time.
struct Kept {
    first: u64,
    records: Vec<StoredRevocation>,
    /// When the read began.
    read_at: Timestamp,
}

/// Returns the records from `first` on, from the ledger or from what it answered a moment ago.
/// `interval` is that of the feed.
pub(crate) async fn since(
    ledger: &LedgerObject,
    interval: Duration,
    first: u64,
    limit: usize,
) -> Result<ReadResponse, Unavailable> {
    // While another request reads, an answer may be older.
    let is_read = READ_LOCK.with(ReadLock::is_held);
    let longest = if is_read { interval / 2 } else { RELAY_KEEPS.min(interval / PART) };
    if let Some(tail) = kept(longest, first, limit) {
        return Ok(tail);
    }
    let _guard = READ_LOCK.with(ReadLock::clone).next().await;
    if let Some(tail) = kept(longest, first, limit) {
        return Ok(tail);
    }
    let read_at = now();
    let answer = ask(ledger, &ReadRequest::Since { first, limit }).await?;
    let ReadResponse::Tail { records, .. } = &answer else {
        return Err(unexpected());
    };
    // A full page may not be the end of the log.
    if records.len() < limit {
        let records = records.clone();
        KEPT.with_borrow_mut(|kept| *kept = Some(Kept { first, records, read_at }));
    }
    Ok(answer)
}

/// Returns the answer from memory, unless it would be older than `longest`.
fn kept(longest: Duration, first: u64, limit: usize) -> Option<ReadResponse> {
    KEPT.with_borrow(|kept| {
        let kept = kept.as_ref().filter(|kept| kept.first <= first)?;
        // A clock that was set back makes it old.
        let age = (now() >= kept.read_at).then(|| now().since(kept.read_at))?;
        if age >= longest {
            return None;
        }
        let records = kept.records.iter().filter(|record| record.sequence >= first);
        let records = records.take(limit).cloned().collect();
        Some(ReadResponse::Tail { records, age: u64::try_from(age.as_millis()).ok()? })
    })
}
