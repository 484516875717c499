//! The manifest of a snapshot: the sealed document in its record.

use base64::Engine;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::error::SnapshotError;
use super::layout::TIMED;
use crate::platform::{SNAPSHOT_PART_BYTES, SnapshotRecord};
use crate::revocation::chain::Cursor;
use crate::revocation::envelope::RevocationEnvelope;
use crate::revocation::filter::FilterLayout;
use crate::revocation::secrets::{RevocationSecrets, SecretId};
use crate::sealed_document::{BASE64, Body, DocumentError, DocumentFormat, decode_digest};

const SCHEMA: u32 = 3;
/// Names no ancestors, and holds no versions of keys.
const OLDER_SCHEMA: u32 = 2;
/// Room for the digests of a snapshot of about 25 million marks.
const MAX_BYTES: usize = 128 * 1024;
const FORMAT: DocumentFormat =
    DocumentFormat { max_bytes: MAX_BYTES, schemas: OLDER_SCHEMA..=SCHEMA };

/// The SHA-256 of a part.
pub(super) type Digest = [u8; 32];

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ManifestBody {
    schema: u32,
    /// The MAC of the last record that the snapshot holds.
    link: String,
    /// The last records of the snapshots that it was made from, with their MACs.
    #[serde(default)]
    ancestors: Vec<(u64, String)>,
    timed: usize,
    filtered: usize,
    /// The digests of the index's parts.
    index: Vec<String>,
    /// The digests of the pages.
    pages: Vec<String>,
}

impl Body for ManifestBody {
    fn schema(&self) -> u32 {
        self.schema
    }
}

/// What a snapshot consists of, and how its parts are checked.
#[derive(Debug)]
pub struct Manifest {
    /// The last record that the snapshot holds.
    pub end: Cursor,
    pub(super) ancestors: Vec<Cursor>,
    pub(super) secret: SecretId,
    pub(super) id: String,
    /// The number of timed entries.
    pub(super) timed: usize,
    pub(super) layout: FilterLayout,
    pub(super) index: Vec<Digest>,
    pub(super) pages: Vec<Digest>,
}

impl Manifest {
    /// Reads the manifest of a record, if its MAC is right.
    pub fn open(
        secrets: &RevocationSecrets,
        record: &SnapshotRecord,
    ) -> Result<Self, SnapshotError> {
        let SnapshotRecord { sequence, id, document } = record;
        let sequence = *sequence;
        let envelope: RevocationEnvelope =
            FORMAT.envelope(document).map_err(|error| refused(sequence, &error))?;
        let Some(secret) = secrets.find(&envelope.secret) else {
            return Err(SnapshotError::SecretUnknown { sequence });
        };
        let (body, _) = FORMAT
            .open(&envelope, &secret.snapshot, &[&sequence.to_be_bytes(), id.as_bytes()])
            .map_err(|error| refused(sequence, &error))?;
        Self::from_body(body, envelope.secret, sequence, id)
            .ok_or(SnapshotError::NotBelieved { sequence, why: DAMAGED })
    }

    fn from_body(body: ManifestBody, secret: SecretId, sequence: u64, id: &str) -> Option<Self> {
        let mut ancestors = Vec::with_capacity(body.ancestors.len());
        for (sequence, link) in &body.ancestors {
            ancestors.push(Cursor { sequence: *sequence, link: decode_digest(link)? });
        }
        Some(Self {
            end: Cursor { sequence, link: decode_digest(&body.link)? },
            ancestors,
            secret,
            id: id.to_owned(),
            timed: body.timed,
            layout: FilterLayout::of(body.filtered)?,
            index: decode_digests(&body.index)?,
            pages: decode_digests(&body.pages)?,
        })
    }

    /// Makes the record of a manifest; `None` if it is more than the format can hold.
    pub(super) fn seal(&self, secrets: &RevocationSecrets) -> Option<SnapshotRecord> {
        let Cursor { sequence, link } = self.end;
        let mut ancestors = Vec::with_capacity(self.ancestors.len());
        for end in &self.ancestors {
            ancestors.push((end.sequence, BASE64.encode(end.link)));
        }
        let body = ManifestBody {
            schema: SCHEMA,
            link: BASE64.encode(link),
            ancestors,
            timed: self.timed,
            filtered: self.layout.count(),
            index: encode_digests(&self.index),
            pages: encode_digests(&self.pages),
        };
        let secret = secrets.find(&self.secret)?;
        let context: [&[u8]; 2] = [&sequence.to_be_bytes(), self.id.as_bytes()];
        let sealed = FORMAT.seal(&body, &secret.snapshot, &context, |mac, body| {
            RevocationEnvelope { secret: self.secret.clone(), mac, body }
        });
        Some(SnapshotRecord { sequence, id: self.id.clone(), document: sealed.ok()?.text })
    }

    /// The number of things that the snapshot holds.
    pub fn held(&self) -> u64 {
        u64::try_from(self.timed.saturating_add(self.layout.count())).unwrap_or(u64::MAX)
    }

    /// A buffer for the parts of the index.
    pub(super) fn room(&self) -> Vec<u8> {
        Vec::with_capacity(self.index.len().saturating_mul(SNAPSHOT_PART_BYTES).min(self.bytes()))
    }

    /// The length of the timed entries.
    pub(super) fn timed_bytes(&self) -> usize {
        self.timed.saturating_mul(TIMED)
    }

    /// The length of the index.
    pub(super) fn bytes(&self) -> usize {
        self.timed_bytes().saturating_add(self.layout.bytes())
    }
}

/// Returns a part, if it is there and has this digest.
pub(super) fn check_part(
    sequence: u64,
    digest: &Digest,
    part: Option<Vec<u8>>,
) -> Result<Vec<u8>, SnapshotError> {
    let why = match part {
        Some(part) if digest_of(&part) == *digest => return Ok(part),
        Some(_) => "a part is damaged or was cut short",
        None => "a part is missing",
    };
    Err(SnapshotError::NotBelieved { sequence, why })
}

pub(super) fn digest_of(part: &[u8]) -> Digest {
    Sha256::digest(part).into()
}

const DAMAGED: &str = "its manifest is damaged";

fn refused(sequence: u64, error: &DocumentError) -> SnapshotError {
    let why = match error {
        DocumentError::TooLarge { .. } => "its manifest is too large",
        DocumentError::MacWrong => {
            "its MAC is wrong: somebody without the secret wrote or moved it"
        }
        DocumentError::Schema(_) => "another version of edge-auth made it",
        DocumentError::Envelope(_) | DocumentError::Body(_) => DAMAGED,
    };
    SnapshotError::NotBelieved { sequence, why }
}

fn encode_digests(digests: &[Digest]) -> Vec<String> {
    digests.iter().map(|digest| BASE64.encode(digest)).collect()
}

fn decode_digests(texts: &[String]) -> Option<Vec<Digest>> {
    texts.iter().map(|text| decode_digest(text)).collect()
}
