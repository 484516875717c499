//! A whole log in a few bytes for each entry.
//!
//! ```text
//! exact times: mark (16 bytes), time (u64, little-endian), in the order of marks
//! a filter     of all that is simply revoked
//! ```
//!
//! The bytes are kept in parts. The manifest says how long what is, and has a digest of each part
//! under its MAC.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use edge_auth_token::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::entry::{Entry, Link};
use super::filter::Shape;
use super::secrets::{RevocationSecrets, SecretId};
use super::standing::{Standing, State};
use super::target::{Mark, Target};
use crate::platform::{SNAPSHOT_PART_BYTES, SnapshotRecord};
use crate::subkey::framed;

const SCHEMA: u32 = 1;
/// Room for the digests of the parts of a snapshot of about 200 million marks.
const MAX_MANIFEST_BYTES: usize = 128 * 1024;
/// A mark and a time.
const EXACT: usize = 24;
/// In a time: that it is a revocation list's, and not of something that is revoked.
const LISTED: u64 = 1 << 63;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    secret: SecretId,
    mac: String,
    body: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    schema: u32,
    /// The MAC of the last record that it holds.
    link: String,
    exact: usize,
    filtered: usize,
    parts: Vec<String>,
}

/// Why a snapshot is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the snapshot of record {sequence} is not used: {why}")]
pub struct SnapshotError {
    sequence: u64,
    why: &'static str,
}

/// What a snapshot is to hold.
#[derive(Debug, Default)]
pub struct SnapshotContent {
    exact: Vec<(Mark, u64)>,
    filtered: Vec<Mark>,
}

/// A snapshot's record and parts, for a store.
#[derive(Debug)]
pub struct WrittenSnapshot {
    /// To be stored last.
    pub record: SnapshotRecord,
    /// In their order.
    pub parts: Vec<Vec<u8>>,
}

impl SnapshotContent {
    /// Puts in that something is revoked, once for each thing. What is only in the filter must have a
    /// record in the log, by which it is confirmed.
    pub fn revoke(&mut self, secrets: &RevocationSecrets, target: &Target) {
        if let Some(secret) = secrets.current() {
            let state = State::Revoked { before: target.before() };
            self.put(secret.mark(target.thing()), Standing { sequence: 0, state, until: None });
        }
    }

    /// As it is kept: of a log whose last entry is this. `None` if it is more than the format can hold.
    pub fn written(self, secrets: &RevocationSecrets, id: &str, last: &Entry) -> Option<WrittenSnapshot> {
        self.write(secrets, id, (last.sequence, last.link))
    }

    /// How many things it holds.
    pub(super) fn held(&self) -> usize {
        self.exact.len() + self.filtered.len()
    }

    /// Puts in how a thing stands, once for each mark.
    pub(super) fn put(&mut self, mark: Mark, standing: Standing) {
        let millis = |time: Timestamp| time.millis().min(LISTED - 1);
        match standing.state {
            State::Revoked { before: None } => self.filtered.push(mark),
            State::Revoked { before: Some(time) } => self.exact.push((mark, millis(time))),
            State::Listed { next_update } => self.exact.push((mark, millis(next_update) | LISTED)),
            State::Undone => {}
        }
    }

    /// As it is kept. `None` if it is more than the format can hold.
    pub(super) fn write(
        mut self,
        secrets: &RevocationSecrets,
        id: &str,
        (sequence, link): (u64, Link),
    ) -> Option<WrittenSnapshot> {
        self.exact.sort_unstable();
        self.filtered.sort_unstable();
        let shape = Shape::of(self.filtered.len())?;
        let mut bytes = Vec::with_capacity(self.exact.len() * EXACT + shape.bytes());
        for (mark, time) in &self.exact {
            bytes.extend_from_slice(&mark.0);
            bytes.extend_from_slice(&time.to_le_bytes());
        }
        shape.write(&self.filtered, &mut bytes);
        let parts: Vec<Vec<u8>> = bytes.chunks(SNAPSHOT_PART_BYTES).map(<[u8]>::to_vec).collect();
        let secret = secrets.current()?;
        let body = serde_json::to_string(&Body {
            schema: SCHEMA,
            link: BASE64.encode(link),
            exact: self.exact.len(),
            filtered: self.filtered.len(),
            parts: parts.iter().map(|part| BASE64.encode(Sha256::digest(part))).collect(),
        });
        let body = body.ok()?;
        let mac = BASE64.encode(secret.snapshot.code(&authenticated(sequence, id, &body)));
        let document = serde_json::to_string(&Envelope { secret: secret.id().clone(), mac, body }).ok()?;
        let fits = document.len() <= MAX_MANIFEST_BYTES;
        let record = SnapshotRecord { sequence, id: id.to_owned(), document };
        fits.then_some(WrittenSnapshot { record, parts })
    }
}

/// What a snapshot's record says, once its MAC was checked.
#[derive(Debug)]
pub(super) struct Manifest {
    pub sequence: u64,
    pub id: String,
    pub link: Link,
    exact: usize,
    shape: Shape,
    digests: Vec<String>,
}

impl Manifest {
    pub(super) fn open(secrets: &RevocationSecrets, record: &SnapshotRecord) -> Result<Self, SnapshotError> {
        let SnapshotRecord { sequence, id, document } = record;
        let refused = |why| SnapshotError { sequence: *sequence, why };
        if document.len() > MAX_MANIFEST_BYTES {
            return Err(refused("its manifest is too large"));
        }
        let Envelope { secret, mac, body } =
            serde_json::from_str(document).map_err(|_| refused("its manifest is damaged"))?;
        let secret = secrets.find(&secret);
        let secret =
            secret.ok_or_else(|| refused("it was made with a secret that the policy does not name"))?;
        let mac = BASE64.decode(mac).unwrap_or_default();
        if !secret.snapshot.verifies(&authenticated(*sequence, id, &body), &mac) {
            return Err(refused("its MAC is wrong: somebody without the secret wrote or moved it"));
        }
        let Body { schema, link, exact, filtered, parts } =
            serde_json::from_str(&body).map_err(|_| refused("its manifest is damaged"))?;
        let link = BASE64.decode(link).ok().and_then(|link| Link::try_from(link).ok());
        match (schema, link, Shape::of(filtered)) {
            (SCHEMA, Some(link), Some(shape)) => {
                Ok(Self { sequence: *sequence, id: id.clone(), link, exact, shape, digests: parts })
            }
            _ => Err(refused("a newer version wrote it")),
        }
    }

    /// How many parts there are.
    pub(super) fn parts(&self) -> u32 {
        u32::try_from(self.digests.len()).unwrap_or(u32::MAX)
    }

    /// How many things it holds.
    pub(super) fn held(&self) -> u64 {
        u64::try_from(self.exact.saturating_add(self.shape.count())).unwrap_or(u64::MAX)
    }

    /// Where the parts are put together, with room for all of them.
    pub(super) fn room(&self) -> Vec<u8> {
        Vec::with_capacity(self.digests.len().saturating_mul(SNAPSHOT_PART_BYTES).min(self.bytes()))
    }

    /// Puts the next part behind those before.
    pub(super) fn add(
        &self,
        index: u32,
        part: Option<&[u8]>,
        bytes: &mut Vec<u8>,
    ) -> Result<(), SnapshotError> {
        let part = part.ok_or_else(|| self.refused("a part is missing"))?;
        let digest = usize::try_from(index).ok().and_then(|index| self.digests.get(index));
        if digest != Some(&BASE64.encode(Sha256::digest(part))) {
            return Err(self.refused("a part is damaged or was cut short"));
        }
        bytes.extend_from_slice(part);
        Ok(())
    }

    /// The snapshot of all parts.
    pub(super) fn complete(self, bytes: Vec<u8>) -> Result<Snapshot, SnapshotError> {
        let (exact, filter) = bytes.split_at_checked(self.exact_bytes()).unwrap_or((&[], &[]));
        let marks = exact.as_chunks::<EXACT>().0.iter().map(|entry| entry.first_chunk::<16>());
        if bytes.len() != self.bytes() || !marks.is_sorted() || !self.shape.fits(filter) {
            return Err(self.refused("its parts do not make a whole"));
        }
        let Self { sequence, exact, shape, .. } = self;
        Ok(Snapshot { sequence, exact, shape, bytes })
    }

    fn exact_bytes(&self) -> usize {
        self.exact.saturating_mul(EXACT)
    }

    fn bytes(&self) -> usize {
        self.exact_bytes().saturating_add(self.shape.bytes())
    }

    fn refused(&self, why: &'static str) -> SnapshotError {
        SnapshotError { sequence: self.sequence, why }
    }
}

/// A snapshot in memory: its bytes as they were kept.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub sequence: u64,
    exact: usize,
    shape: Shape,
    bytes: Vec<u8>,
}

impl Snapshot {
    /// How a thing stands that is held exactly.
    pub(super) fn exactly(&self, mark: Mark) -> Option<Standing> {
        let entries = self.bytes.get(..self.exact * EXACT)?.as_chunks::<EXACT>().0;
        let found = entries.binary_search_by(|entry| entry.first_chunk::<16>().cmp(&Some(&mark.0))).ok()?;
        let time = u64::from_le_bytes(*entries.get(found)?.last_chunk()?);
        let at = Timestamp::from_millis(time & !LISTED);
        let state = match time & LISTED {
            0 => State::Revoked { before: Some(at) },
            _ => State::Listed { next_update: at },
        };
        Some(Standing { sequence: self.sequence, state, until: None })
    }

    /// Whether the filter has the mark: then it is in the store, most probably.
    pub(super) fn perhaps(&self, mark: Mark) -> bool {
        self.shape.has(self.bytes.get(self.exact * EXACT..).unwrap_or_default(), mark)
    }
}

fn authenticated(sequence: u64, id: &str, body: &str) -> Vec<u8> {
    framed(&[&sequence.to_be_bytes(), id.as_bytes(), body.as_bytes()])
}
