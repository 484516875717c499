//! Properties of a key across text, record, check and lifecycle.

#![allow(clippy::string_slice, reason = "the texts that are cut here are ASCII")]

use crate::scopes::Scopes;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, Ordering};

use edge_auth_token::{Secret, Timestamp};

use super::*;
use crate::platform::{ApiKeyRecord, Randomness, Unavailable};

mod attributes;
mod check;
mod golden;
mod imported;
mod peppers;
mod record;
mod rotation;
mod states;
mod text;

const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);
const LATER: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// Bytes that count up, so that tests know them and all secrets differ.
struct Counting(AtomicU8);

impl Counting {
    fn from(first: u8) -> Self {
        Self(AtomicU8::new(first))
    }
}

impl Randomness for Counting {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Unavailable> {
        for byte in bytes {
            *byte = self.0.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

fn pepper(byte: u8) -> Pepper {
    Pepper::new(&Secret::new([byte; 32])).unwrap()
}

fn peppers(current: u8, previous: &[u8], retired: &[u8]) -> Peppers {
    let previous = previous.iter().copied().map(pepper).collect();
    let retired = retired.iter().copied().map(pepper).collect();
    Peppers::new(pepper(current), previous, retired).unwrap()
}

/// Returns the block `partners` of keys `acme_live_…`.
fn block_under(peppers: Peppers) -> ApiKeyProfile {
    let format = KeyFormat::new("acme", "live").unwrap();
    ApiKeyProfile::native("partners", format, peppers).unwrap()
}

fn block() -> ApiKeyProfile {
    block_under(peppers(0x11, &[], &[]))
}

fn wishes() -> NewKey {
    NewKey {
        label: Some("nightly export".to_owned()),
        owner: Some("team-data".to_owned()),
        tenant: None,
        scopes: Scopes::list(["orders:read"]),
        expires: Expiry::At(LATER),
        networks: Vec::new(),
        metadata: BTreeMap::new(),
    }
}

/// Issues a key of `block()` with its text.
fn issued() -> (ApiKey, String) {
    issued_in(&block(), wishes())
}

fn issued_in(block: &ApiKeyProfile, new: NewKey) -> (ApiKey, String) {
    let (key, text) = block.issue(new, &Counting::from(0xf0), NOW).unwrap();
    (key, text.expose().to_owned())
}

/// Decides about a text and a record as a gate does.
fn admit(
    block: &ApiKeyProfile,
    text: &str,
    record: &ApiKeyRecord,
    now: Timestamp,
) -> Result<(), KeyRefusal> {
    let presented = block.parse(text)?;
    let key = block.open(record).unwrap();
    assert_eq!(presented.record_id(), key.id());
    key.check(&presented, None, now)
}
