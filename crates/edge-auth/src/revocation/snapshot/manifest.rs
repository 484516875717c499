//! What a snapshot's record says, once its MAC was checked.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Snapshot, SnapshotError, TIMED};
use crate::derived_key::framed;
use crate::platform::{SNAPSHOT_PART_BYTES, SnapshotRecord};
use crate::revocation::chain::Cursor;
use crate::revocation::entry::RecordMac;
use crate::revocation::filter::FilterLayout;
use crate::revocation::secrets::{RevocationSecrets, SecretId};

const SCHEMA: u32 = 3;
/// Which names no ancestors, and holds no versions of keys.
const OLDER_SCHEMA: u32 = 2;
/// Room for the digests of the parts of a snapshot of about 25 million marks.
const MAX_MANIFEST_BYTES: usize = 128 * 1024;

/// The SHA-256 of a part.
pub(super) type Digest = [u8; 32];

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    secret: SecretId,
    mac: String,
    body: String,
}

/// Looked at first: of another version, the rest is not understood.
#[derive(Deserialize)]
struct Versioned {
    schema: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    schema: u32,
    /// The MAC of the last record that it holds.
    link: String,
    /// The last records of the snapshots that it was made of, with their MACs.
    #[serde(default)]
    ancestors: Vec<(u64, String)>,
    timed: usize,
    filtered: usize,
    /// The digests of the index's parts.
    index: Vec<String>,
    /// The digests of the pages.
    pages: Vec<String>,
}

/// What is kept, and how it is checked.
#[derive(Debug)]
pub(in crate::revocation) struct Manifest {
    pub(in crate::revocation) end: Cursor,
    pub(super) ancestors: Vec<Cursor>,
    pub(super) secret: SecretId,
    pub(super) id: String,
    pub(super) timed: usize,
    pub(super) layout: FilterLayout,
    pub(super) index: Vec<Digest>,
    pub(super) pages: Vec<Digest>,
}

impl Manifest {
    pub(in crate::revocation) fn open(
        secrets: &RevocationSecrets,
        record: &SnapshotRecord,
    ) -> Result<Self, SnapshotError> {
        let SnapshotRecord { sequence, id, document } = record;
        let refused = |why| SnapshotError::NotBelieved { sequence: *sequence, why };
        if document.len() > MAX_MANIFEST_BYTES {
            return Err(refused("its manifest is too large"));
        }
        let Envelope { secret, mac, body } =
            serde_json::from_str(document).map_err(|_| refused("its manifest is damaged"))?;
        let made_with = secrets.find(&secret);
        let made_with = made_with.ok_or(SnapshotError::SecretUnknown { sequence: *sequence })?;
        let mac = BASE64.decode(mac).unwrap_or_default();
        if !made_with.snapshot.verifies(&authenticated(*sequence, id, &body), &mac) {
            return Err(refused("its MAC is wrong: somebody without the secret wrote or moved it"));
        }
        match serde_json::from_str(&body) {
            Ok(Versioned { schema: SCHEMA | OLDER_SCHEMA }) => {}
            Ok(_) => return Err(refused("another version of edge-auth made it")),
            Err(_) => return Err(refused("its manifest is damaged")),
        }
        let Body { link, ancestors, timed, filtered, index, pages, .. } =
            serde_json::from_str(&body).map_err(|_| refused("its manifest is damaged"))?;
        let digests =
            |texts: Vec<String>| texts.iter().map(|text| decoded(text)).collect::<Option<_>>();
        let place = |(sequence, link): &(u64, String)| {
            Some(Cursor { sequence: *sequence, link: decoded(link)? })
        };
        let ancestors = ancestors.iter().map(place).collect::<Option<Vec<_>>>();
        match (
            decoded(&link),
            ancestors,
            FilterLayout::of(filtered),
            digests(index),
            digests(pages),
        ) {
            (Some(link), Some(ancestors), Some(layout), Some(index), Some(pages)) => Ok(Self {
                end: Cursor { sequence: *sequence, link },
                ancestors,
                secret,
                id: id.clone(),
                timed,
                layout,
                index,
                pages,
            }),
            _ => Err(refused("its manifest is damaged")),
        }
    }

    /// The record of a manifest. `None` if it is more than the format can hold.
    pub(super) fn written(&self, secrets: &RevocationSecrets) -> Option<SnapshotRecord> {
        let Cursor { sequence, link } = self.end;
        let texts =
            |digests: &[Digest]| digests.iter().map(|digest| BASE64.encode(digest)).collect();
        let ancestors = self.ancestors.iter().map(|end| (end.sequence, BASE64.encode(end.link)));
        let body = serde_json::to_string(&Body {
            schema: SCHEMA,
            link: BASE64.encode(link),
            ancestors: ancestors.collect(),
            timed: self.timed,
            filtered: self.layout.count(),
            index: texts(&self.index),
            pages: texts(&self.pages),
        });
        let body = body.ok()?;
        let secret = secrets.find(&self.secret)?;
        let mac = BASE64.encode(secret.snapshot.code(&authenticated(sequence, &self.id, &body)));
        let document =
            serde_json::to_string(&Envelope { secret: self.secret.clone(), mac, body }).ok()?;
        let fits = document.len() <= MAX_MANIFEST_BYTES;
        fits.then(|| SnapshotRecord { sequence, id: self.id.clone(), document })
    }

    /// How many things it holds.
    pub(in crate::revocation) fn held(&self) -> u64 {
        u64::try_from(self.timed.saturating_add(self.layout.count())).unwrap_or(u64::MAX)
    }

    /// Where the parts of the index are put together, with room for all of them.
    pub(super) fn room(&self) -> Vec<u8> {
        Vec::with_capacity(self.index.len().saturating_mul(SNAPSHOT_PART_BYTES).min(self.bytes()))
    }

    /// The snapshot with this index.
    pub(super) fn complete(self, bytes: Vec<u8>) -> Result<Snapshot, SnapshotError> {
        let why = "its parts do not make a whole";
        let refused = SnapshotError::NotBelieved { sequence: self.end.sequence, why };
        let (timed, filter) = bytes.split_at_checked(self.timed_bytes()).unwrap_or((&[], &[]));
        let marks = timed.as_chunks::<TIMED>().0.iter().map(|entry| entry.first_chunk::<16>());
        if bytes.len() != self.bytes() || !marks.is_sorted() || !self.layout.fits(filter) {
            return Err(refused);
        }
        let Self { end, ancestors, secret, id, timed, layout, index, pages } = self;
        let first_page = u32::try_from(index.len()).map_err(|_| refused)?;
        Ok(Snapshot { end, ancestors, secret, id, timed, layout, bytes, first_page, pages })
    }

    fn timed_bytes(&self) -> usize {
        self.timed.saturating_mul(TIMED)
    }

    fn bytes(&self) -> usize {
        self.timed_bytes().saturating_add(self.layout.bytes())
    }
}

/// A part, if it is the one that was written.
pub(super) fn check(
    sequence: u64,
    digest: &Digest,
    part: Option<Vec<u8>>,
) -> Result<Vec<u8>, SnapshotError> {
    let refused = |why| SnapshotError::NotBelieved { sequence, why };
    let part = part.ok_or_else(|| refused("a part is missing"))?;
    if digest_of(&part) == *digest {
        Ok(part)
    } else {
        Err(refused("a part is damaged or was cut short"))
    }
}

pub(super) fn digest_of(part: &[u8]) -> Digest {
    Sha256::digest(part).into()
}

fn decoded(text: &str) -> Option<RecordMac> {
    BASE64.decode(text).ok()?.try_into().ok()
}

fn authenticated(sequence: u64, id: &str, body: &str) -> Vec<u8> {
    framed(&[&sequence.to_be_bytes(), id.as_bytes(), body.as_bytes()])
}
